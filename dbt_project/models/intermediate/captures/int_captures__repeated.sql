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
    -- The winner depends on what the copies say, never on which arrived first: full seconds before
    -- a spreadsheet's minutes, then the newest export, then content and place to break ties.
    row_number() over (
        partition by captures.capture_key
        order by
            captures.time_precision desc,
            captures.is_resaved,
            captures.export_date desc nulls last,
            captures.content_hash,
            captures.file_sha256,
            captures.source_file,
            captures.row_number
    ) as copy_rank
from captures
inner join repeated_keys on captures.capture_key = repeated_keys.capture_key
