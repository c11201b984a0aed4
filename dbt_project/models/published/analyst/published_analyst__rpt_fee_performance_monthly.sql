{{ config(alias='rpt_fee_performance_monthly') }}

with report as (

    select * from {{ ref('rpt_fee_performance_monthly') }}

)

select
    month,
    provider,
    wallet,
    currency,
    fee_captures,
    fee_amount,
    fee_base_amount,
    payment_fees,
    returned_fees,
    account_fees,
    dispute_fees,
    net_fees,
    effective_fee_rate,
    is_small_sample
from report
