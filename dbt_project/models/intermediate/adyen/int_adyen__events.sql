{{ config(materialized='table') }}

with accounting as (

    select * from {{ ref('stg_adyen__accounting') }} where row_kind = 'event'

),

numbered as (

    select
        *,
        row_number() over (
            partition by line_key, file_sha256, source_file order by row_number
        ) as occurrence
    from accounting

),

keyed as (

    select
        *,
        case
            when occurrence = 1 then line_key
            else {{ derived_key(['line_key', 'occurrence']) }}
        end as event_key
    from numbered

)

select
    *,
    row_number() over (
        partition by event_key
        order by ingested_at desc nulls last, content_hash, file_sha256, source_file, row_number
    ) as copy_rank
from keyed
