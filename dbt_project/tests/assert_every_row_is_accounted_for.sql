-- Rows in a file = facts + duplicates + rejects + irrelevant rows, per document.
{{ config(
    meta={
        'description': 'Rows of a file are neither facts, duplicates, rejects nor irrelevant',
        'dagster': {'ref': {'name': 'rpt_file_conservation'}},
    }
) }}

select * from {{ ref('rpt_file_conservation') }} where rows_unaccounted <> 0
