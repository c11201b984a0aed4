{{ config(alias='daily_performance', materialized='table') }}

with attempts as (

    select * from {{ ref('fct_payment_attempts') }} where not is_test

),

summed as (

    select
        business_date,
        wallet,
        count(distinct user_key) as users,
        count(*) as attempts,
        sum(case when resolved_outcome = 'succeeded' then 1 else 0 end) as succeeded,
        sum(case when resolved_outcome = 'failed' then 1 else 0 end) as failed,
        sum(case when resolved_outcome = 'unknown' then 1 else 0 end) as unknown,
        sum(case when is_late_success then 1 else 0 end) as late_successes,
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
    {{ share('succeeded', '(succeeded + failed)') }} as attempt_success_rate,
    {{ wilson_low('succeeded', '(succeeded + failed)') }} as rate_low,
    {{ wilson_high('succeeded', '(succeeded + failed)') }} as rate_high,
    latency_p50_ms,
    latency_p95_ms,
    latency_p99_ms
from summed
