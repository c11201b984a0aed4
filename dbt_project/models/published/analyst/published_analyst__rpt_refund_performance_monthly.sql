{{ config(alias='rpt_refund_performance_monthly') }}

with report as (

    select * from {{ ref('rpt_refund_performance_monthly') }}

)

select
    month,
    provider,
    wallet,
    currency,
    users,
    refunds,
    refunds_submitted,
    refunds_failed,
    refunds_pending,
    refunds_linked,
    refunds_partial,
    refunds_repeated,
    refunds_orphaned,
    refunds_timed,
    refunds_due,
    sla_breaches,
    amount_given_back,
    partial_share,
    partial_share_low,
    partial_share_high,
    refund_failure_rate,
    refund_failure_rate_low,
    refund_failure_rate_high,
    sla_breach_rate,
    sla_breach_rate_low,
    sla_breach_rate_high,
    turnaround_hours_p50,
    turnaround_hours_p90,
    turnaround_hours_p95,
    is_small_sample
from report
