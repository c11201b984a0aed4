{{ config(alias='rpt_refund_cohorts_monthly') }}

with report as (

    select * from {{ ref('rpt_refund_cohorts_monthly') }}

)

select
    month,
    provider,
    wallet,
    currency,
    users,
    captures,
    captured_amount,
    refunded_captures,
    refunded_amount,
    disputed_captures,
    refund_rate_by_count,
    refund_rate_by_count_low,
    refund_rate_by_count_high,
    refund_rate_by_value,
    dispute_rate,
    dispute_rate_low,
    dispute_rate_high,
    is_small_sample
from report
