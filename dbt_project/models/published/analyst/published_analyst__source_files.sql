{{ config(alias='source_files') }}

with documents as (

    select * from {{ ref('rpt_file_conservation') }}

)

-- Members of one archive are added up: their names hold the merchant's account.
select
    file_sha256,
    source,
    max(export_date) as export_date,
    cast(count(*) as bigint) as documents,
    cast(sum(rows_in_file) as bigint) as rows_in_file,
    cast(sum(rows_rejected) as bigint) as rows_rejected,
    cast(sum(rows_irrelevant) as bigint) as rows_irrelevant,
    cast(sum(rows_duplicate) as bigint) as rows_duplicate,
    cast(sum(rows_in_facts) as bigint) as rows_in_facts,
    cast(sum(rows_unaccounted) as bigint) as rows_unaccounted
from documents
group by file_sha256, source
