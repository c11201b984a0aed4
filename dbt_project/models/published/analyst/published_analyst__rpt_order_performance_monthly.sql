{{ config(alias='rpt_order_performance_monthly') }}

with report as (

    select * from {{ ref('rpt_order_performance_monthly') }}

)

select
    month,
    wallet,
    currency,
    users,
    orders,
    orders_succeeded,
    order_attempts,
    orders_first_succeeded,
    orders_first_failed,
    orders_retried,
    orders_recovered,
    orders_recovered_by_retry,
    orders_recovered_by_other_wallet,
    orders_abandoned,
    amount_at_risk,
    amount_recovered,
    amount_recovered_by_other_wallet,
    amount_lost,
    amount_open,
    order_success_rate,
    order_success_rate_low,
    order_success_rate_high,
    first_attempt_success_rate,
    first_attempt_success_rate_low,
    first_attempt_success_rate_high,
    attempts_per_order,
    retry_rate,
    retry_rate_low,
    retry_rate_high,
    recovery_rate,
    recovery_rate_low,
    recovery_rate_high,
    recovery_by_retry_rate,
    recovery_by_retry_rate_low,
    recovery_by_retry_rate_high,
    recovery_by_other_wallet_rate,
    recovery_by_other_wallet_rate_low,
    recovery_by_other_wallet_rate_high,
    recovery_rate_by_value,
    abandonment_after_failure_rate,
    seconds_to_recover_p50,
    seconds_to_success_p50,
    seconds_to_success_p95,
    is_small_sample
from report
