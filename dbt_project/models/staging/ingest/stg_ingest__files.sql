with files as (

    select * from {{ source('lake', 'files') }}

)

select
    file_sha256,
    coalesce(member, '') as member,
    source_file,
    source,
    variant,
    status,
    reason,
    export_date,
    is_resaved,
    coalesce(rows_in_file, 0) as rows_in_file,
    coalesce(rows_loaded, 0) as rows_loaded,
    coalesce(rows_rejected, 0) as rows_rejected,
    coalesce(rows_irrelevant, 0) as rows_irrelevant,
    totals_checked,
    totals_matched,
    ingested_at
from files
