{{ config(materialized='table') }}

with attempts as (

    select * from {{ ref('stg_merchant__payment_attempts') }} where row_kind = 'attempt'

),

-- A merchant's id that names attempts of two orders is no copy: it is two attempts.
repeated_ids as (

    select attempt_id_key, min(order_key) <> max(order_key) as is_reused
    from attempts
    group by attempt_id_key
    having count(*) > 1

)

select
    attempts.*,
    case
        when repeated_ids.is_reused
            then {{ derived_key(['attempts.attempt_id_key', 'attempts.order_key']) }}
        else attempts.attempt_id_key
    end as attempt_key,
    -- The latest state of an attempt wins: an answer over "unknown", then the later answer; then the
    -- line ingested last, since a second export corrects the first.
    row_number() over (
        partition by attempts.attempt_id_key, attempts.order_key
        order by
            case when attempts.outcome = 'unknown' then 1 else 0 end,
            attempts.finished_at desc nulls last,
            attempts.ingested_at desc nulls last,
            case when attempts.outcome = 'succeeded' then 0 else 1 end,
            attempts.export_date desc nulls last,
            attempts.content_hash,
            attempts.file_sha256,
            attempts.source_file,
            attempts.row_number
    ) as copy_rank
from attempts
inner join repeated_ids on attempts.attempt_id_key = repeated_ids.attempt_id_key
