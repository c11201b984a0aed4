-- Every rejected line has its reason in the reject table.
{{ config(
    meta={
        'description': 'Rejected lines without an entry in the reject table',
        'dagster': {'ref': {'name': 'rpt_file_conservation'}},
    }
) }}

with documents as (

    select file_sha256, member, rows_rejected
    from {{ ref('stg_ingest__files') }}
    where status = 'ingested' and source is not null

),

listed as (

    select file_sha256, member, count(*) as rows_listed
    from {{ ref('stg_ingest__rejects') }}
    group by file_sha256, member

)

select documents.*, listed.rows_listed, conservation.rows_in_facts
from documents
left join listed
    on documents.file_sha256 = listed.file_sha256 and documents.member = listed.member
left join {{ ref('rpt_file_conservation') }} as conservation
    on documents.file_sha256 = conservation.file_sha256
    and documents.member = conservation.member
where documents.rows_rejected <> coalesce(listed.rows_listed, 0)
