-- Amounts in files = amounts in facts + amounts of duplicates, per source, currency and measure.
{{ config(
    meta={
        'description': 'Amounts in facts and duplicates are not those of the files',
        'dagster': {'ref': {'name': 'rpt_amount_conservation'}},
    }
) }}

select * from {{ ref('rpt_amount_conservation') }} where difference <> 0
