-- Rows of a state that no bill had so far, or without a date or an amount: kept out of the facts.
{{ config(
    severity='warn',
    meta={
        'description': 'Rows of an unknown kind or without date or amount were left out',
        'dagster': {'ref': {'name': 'rpt_file_conservation'}},
    }
) }}

select lost.*
from {{ ref('int_rows__not_in_facts') }} as lost
inner join {{ ref('rpt_file_conservation') }} as documents
    on lost.file_sha256 = documents.file_sha256 and lost.file_member = documents.member
where lost.disposition in ('irrelevant', 'unreadable')
