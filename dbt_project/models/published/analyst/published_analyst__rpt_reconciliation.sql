{{ config(alias='rpt_reconciliation') }}

with report as (

    select * from {{ ref('rpt_reconciliation') }}

)

select
    difference_key,
    difference_kind,
    subject_key,
    provider,
    wallet,
    order_key,
    business_date,
    age_days,
    currency,
    amount_here,
    amount_there,
    amount_difference,
    source,
    file_sha256,
    row_number
from report
