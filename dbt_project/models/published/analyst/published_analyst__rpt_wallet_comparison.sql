{{ config(alias='rpt_wallet_comparison') }}

with report as (

    select * from {{ ref('rpt_wallet_comparison') }}

)

select
    wallet,
    from_date,
    to_date,
    currency,
    users,
    attempts,
    attempt_success_rate,
    attempt_success_rate_low,
    attempt_success_rate_high,
    technical_error_rate,
    latency_p50_ms,
    latency_p95_ms,
    orders,
    order_success_rate,
    order_success_rate_low,
    order_success_rate_high,
    first_attempt_success_rate,
    recovery_rate,
    recovery_rate_low,
    recovery_rate_high,
    seconds_to_success_p50,
    captures,
    captured_amount,
    fee_amount,
    effective_fee_rate,
    refund_rate_by_count,
    refund_rate_by_count_low,
    refund_rate_by_count_high,
    turnaround_hours_p50,
    turnaround_hours_p90,
    sla_breach_rate,
    refund_failure_rate,
    dispute_rate,
    dispute_rate_high,
    step_up_coverage,
    step_up_coverage_low,
    step_up_coverage_high,
    tickets,
    tickets_per_thousand_orders,
    first_response_hours_p50,
    ticket_resolution_rate,
    satisfaction_rate,
    satisfaction_rate_low,
    satisfaction_rate_high,
    is_small_sample
from report
