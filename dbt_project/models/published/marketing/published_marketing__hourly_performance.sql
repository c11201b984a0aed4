{{ config(alias='hourly_performance') }}

with attempts as (

    select * from {{ ref('fct_payment_attempts') }} where not is_test

),

summed as (

    select
        local_hour,
        wallet,
        count(distinct user_key) as users,
        {{ measures('attempt', ['attempts', 'succeeded', 'failed']) }},
        {{ percentile('latency_ms', 0.5) }} as latency_p50_ms,
        {{ percentile('latency_ms', 0.95) }} as latency_p95_ms
    from attempts
    group by local_hour, wallet

),

-- The attempts of a wallet are told by other tables: one hidden hour would follow from the others.
hidden as (

    select *, {{ is_hidden_cell('users', tie='local_hour', by='wallet') }} as is_hidden from summed

)

select
    local_hour,
    wallet,
    cast(users as bigint) as users,
    cast(attempts as bigint) as attempts,
    cast(succeeded as bigint) as succeeded,
    cast(failed as bigint) as failed,
    {{ metric('attempt_success_rate') }} as attempt_success_rate,
    latency_p50_ms,
    latency_p95_ms
from hidden
where not is_hidden
