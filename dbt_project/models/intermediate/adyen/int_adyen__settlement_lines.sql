{{ config(materialized='table') }}

with settlement as (

    select * from {{ ref('stg_adyen__settlement') }} where row_kind = 'movement'

),

-- Equal rows of one file are several movements (the batch adds up with all of them); the same row in
-- another copy of the batch is one.
numbered as (

    select
        *,
        row_number() over (
            partition by line_key, file_sha256, source_file order by row_number
        ) as occurrence
    from settlement

),

keyed as (

    select
        *,
        case
            when occurrence = 1 then line_key
            else {{ derived_key(['line_key', 'occurrence']) }}
        end as movement_key
    from numbered

)

select
    *,
    row_number() over (
        partition by movement_key
        order by
            -- Not every copy has the booking date.
            case when booked_at is null then 1 else 0 end,
            ingested_at desc nulls last,
            content_hash,
            file_sha256,
            source_file,
            row_number
    ) as copy_rank
from keyed
