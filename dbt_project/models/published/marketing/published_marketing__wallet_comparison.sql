{{ config(alias='wallet_comparison') }}

with report as (

    select * from {{ ref('rpt_wallet_comparison') }}

)

-- What few people stand behind (disputes, tickets, answers) is left to analysts.
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
    step_up_coverage,
    step_up_coverage_low,
    step_up_coverage_high,
    is_small_sample
from report
where users >= {{ minimum_cell_users() }}
