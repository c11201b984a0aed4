{{ config(materialized='table') }}

with events as (

    select * from {{ ref('int_payment_events__unioned') }}

),

repeated_keys as (

    select event_key from events group by event_key having count(*) > 1

)

select
    events.*,
    row_number() over (
        partition by events.event_key
        order by
            events.source_rank,
            events.ingested_at desc nulls last,
            events.export_date desc nulls last,
            events.content_hash,
            events.file_sha256,
            events.source_file,
            events.row_number
    ) as copy_rank
from events
inner join repeated_keys on events.event_key = repeated_keys.event_key
