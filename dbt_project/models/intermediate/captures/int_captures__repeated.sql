-- Most payments appear in one file only, so only those that appear again pay for a window.
{{ config(materialized='table') }}

with captures as (

    select * from {{ ref('int_captures__unioned') }}

),

repeated_keys as (

    select capture_key from captures group by capture_key having count(*) > 1

)

select
    captures.*,
    -- Full seconds before a spreadsheet's minutes; then the copy ingested last, since a second
    -- download corrects the first. Within one ingest the newest export, then content and place: the
    -- order in which files were read never counts.
    row_number() over (
        partition by captures.capture_key
        order by
            captures.time_precision desc,
            captures.is_resaved,
            captures.ingested_at desc nulls last,
            captures.export_date desc nulls last,
            captures.content_hash,
            captures.file_sha256,
            captures.source_file,
            captures.row_number
    ) as copy_rank
from captures
inner join repeated_keys on captures.capture_key = repeated_keys.capture_key
