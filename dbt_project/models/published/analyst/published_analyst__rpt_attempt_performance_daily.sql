{{ config(alias='rpt_attempt_performance_daily') }}

with report as (

    select * from {{ ref('rpt_attempt_performance_daily') }}

)

select
    business_date,
    provider,
    wallet,
    currency,
    users,
    attempts,
    succeeded,
    failed,
    unknown,
    late_successes,
    soft_declines,
    hard_declines,
    integration_errors,
    technical_errors,
    risk_blocks,
    retries,
    amount_attempted,
    amount_succeeded,
    amount_failed,
    attempt_success_rate,
    attempt_success_rate_low,
    attempt_success_rate_high,
    attempt_success_rate_by_value,
    authorisation_rate,
    acceptance_rate,
    acceptance_rate_low,
    acceptance_rate_high,
    unknown_share,
    soft_decline_share,
    soft_decline_share_low,
    soft_decline_share_high,
    hard_decline_share,
    hard_decline_share_low,
    hard_decline_share_high,
    integration_error_rate,
    technical_error_rate,
    technical_error_rate_low,
    technical_error_rate_high,
    unmapped_failure_share,
    latency_p50_ms,
    latency_p95_ms,
    latency_p99_ms,
    is_small_sample
from report
