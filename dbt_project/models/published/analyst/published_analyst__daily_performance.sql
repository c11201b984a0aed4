{{ config(alias='daily_performance', materialized='table') }}

with attempts as (

    select * from {{ ref('fct_payment_attempts') }} where not is_test

),

summed as (

    select
        business_date,
        wallet,
        count(distinct user_key) as users,
        {{ measures('attempt', ['attempts', 'succeeded', 'failed', 'unknown', 'late_successes']) }},
        {{ percentile('latency_ms', 0.5) }} as latency_p50_ms,
        {{ percentile('latency_ms', 0.95) }} as latency_p95_ms,
        {{ percentile('latency_ms', 0.99) }} as latency_p99_ms
    from attempts
    group by business_date, wallet

)

select
    business_date,
    wallet,
    cast(users as bigint) as users,
    cast(attempts as bigint) as attempts,
    cast(succeeded as bigint) as succeeded,
    cast(failed as bigint) as failed,
    cast(unknown as bigint) as unknown,
    cast(late_successes as bigint) as late_successes,
    {{ metric('attempt_success_rate') }} as attempt_success_rate,
    {{ metric_low('attempt_success_rate') }} as rate_low,
    {{ metric_high('attempt_success_rate') }} as rate_high,
    latency_p50_ms,
    latency_p95_ms,
    latency_p99_ms
from summed
