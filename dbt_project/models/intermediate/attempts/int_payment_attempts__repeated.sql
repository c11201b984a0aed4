{{ config(materialized='table') }}

with attempts as (

    select * from {{ ref('stg_merchant__payment_attempts') }} where row_kind = 'attempt'

),

repeated_keys as (

    select attempt_key from attempts group by attempt_key having count(*) > 1

)

select
    attempts.*,
    -- The latest state of an attempt wins: an answer over "unknown", then the later answer.
    row_number() over (
        partition by attempts.attempt_key
        order by
            case when attempts.outcome = 'unknown' then 1 else 0 end,
            attempts.finished_at desc nulls last,
            case when attempts.outcome = 'succeeded' then 0 else 1 end,
            attempts.export_date desc nulls last,
            attempts.content_hash,
            attempts.file_sha256,
            attempts.source_file,
            attempts.row_number
    ) as copy_rank
from attempts
inner join repeated_keys on attempts.attempt_key = repeated_keys.attempt_key
