with orders as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_payments') }}
    where has_attempts and not is_test and amount > 0

),

summed as (

    select
        month,
        -- An order belongs to the wallet it was first tried with, whichever paid in the end.
        first_wallet as wallet,
        currency,
        count(distinct user_key) as users,
        {{ measures('order', [
            'orders', 'orders_succeeded', 'order_attempts', 'orders_first_succeeded',
            'orders_first_failed', 'orders_retried', 'orders_recovered', 'orders_recovered_by_retry',
            'orders_recovered_by_other_wallet', 'orders_abandoned', 'amount_at_risk',
            'amount_recovered', 'amount_recovered_by_other_wallet', 'amount_lost', 'amount_open'
        ]) }},
        {{ percentile('case when is_recovered then seconds_to_success end', 0.5) }}
            as seconds_to_recover_p50,
        {{ percentile('seconds_to_success', 0.5) }} as seconds_to_success_p50,
        {{ percentile('seconds_to_success', 0.95) }} as seconds_to_success_p95
    from orders
    group by month, first_wallet, currency

)

select
    month,
    wallet,
    currency,
    cast(users as bigint) as users,
    cast(orders as bigint) as orders,
    cast(orders_succeeded as bigint) as orders_succeeded,
    cast(order_attempts as bigint) as order_attempts,
    cast(orders_first_succeeded as bigint) as orders_first_succeeded,
    cast(orders_first_failed as bigint) as orders_first_failed,
    cast(orders_retried as bigint) as orders_retried,
    cast(orders_recovered as bigint) as orders_recovered,
    cast(orders_recovered_by_retry as bigint) as orders_recovered_by_retry,
    cast(orders_recovered_by_other_wallet as bigint) as orders_recovered_by_other_wallet,
    cast(orders_abandoned as bigint) as orders_abandoned,
    cast(amount_at_risk as decimal(38, 4)) as amount_at_risk,
    cast(amount_recovered as decimal(38, 4)) as amount_recovered,
    cast(amount_recovered_by_other_wallet as decimal(38, 4)) as amount_recovered_by_other_wallet,
    cast(amount_lost as decimal(38, 4)) as amount_lost,
    cast(amount_open as decimal(38, 4)) as amount_open,
    {{ metric('order_success_rate') }} as order_success_rate,
    {{ metric_low('order_success_rate') }} as order_success_rate_low,
    {{ metric_high('order_success_rate') }} as order_success_rate_high,
    {{ metric('first_attempt_success_rate') }} as first_attempt_success_rate,
    {{ metric_low('first_attempt_success_rate') }} as first_attempt_success_rate_low,
    {{ metric_high('first_attempt_success_rate') }} as first_attempt_success_rate_high,
    {{ metric('attempts_per_order') }} as attempts_per_order,
    {{ metric('retry_rate') }} as retry_rate,
    {{ metric_low('retry_rate') }} as retry_rate_low,
    {{ metric_high('retry_rate') }} as retry_rate_high,
    {{ metric('recovery_rate') }} as recovery_rate,
    {{ metric_low('recovery_rate') }} as recovery_rate_low,
    {{ metric_high('recovery_rate') }} as recovery_rate_high,
    {{ metric('recovery_by_retry_rate') }} as recovery_by_retry_rate,
    {{ metric_low('recovery_by_retry_rate') }} as recovery_by_retry_rate_low,
    {{ metric_high('recovery_by_retry_rate') }} as recovery_by_retry_rate_high,
    {{ metric('recovery_by_other_wallet_rate') }} as recovery_by_other_wallet_rate,
    {{ metric_low('recovery_by_other_wallet_rate') }} as recovery_by_other_wallet_rate_low,
    {{ metric_high('recovery_by_other_wallet_rate') }} as recovery_by_other_wallet_rate_high,
    {{ metric('recovery_rate_by_value') }} as recovery_rate_by_value,
    {{ metric('abandonment_after_failure_rate') }} as abandonment_after_failure_rate,
    seconds_to_recover_p50,
    seconds_to_success_p50,
    seconds_to_success_p95,
    {{ is_small_sample('order_success_rate') }} as is_small_sample
from summed
