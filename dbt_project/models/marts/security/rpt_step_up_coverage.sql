with attempts as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_payment_attempts') }}
    where not is_test and amount > 0 and resolved_outcome = 'succeeded'

),

-- What is large for this merchant: a quantile of its own payments, per currency.
thresholds as (

    select currency, {{ percentile('amount', large_amount_quantile()) }} as large_amount
    from attempts
    group by currency

),

marked as (

    select
        attempts.*,
        attempts.amount >= thresholds.large_amount as is_large,
        coalesce(attempts.is_new_device, false) as is_on_new_device
    from attempts
    inner join thresholds on attempts.currency = thresholds.currency

),

sliced as (

    select 'every_payment' as slice, marked.* from marked
    union all
    select 'large_amount', marked.* from marked where is_large
    union all
    select 'new_device', marked.* from marked where is_on_new_device
    union all
    select 'large_amount_on_new_device', marked.* from marked where is_large and is_on_new_device

),

summed as (

    select
        sliced.month,
        sliced.slice,
        sliced.wallet,
        sliced.currency,
        max(thresholds.large_amount) as large_amount,
        count(distinct sliced.user_key) as users,
        count(*) as paid_attempts,
        {{ measures('step_up', ['attempts_told', 'attempts_stepped_up', 'amount_without_step_up']) }}
    from sliced
    inner join thresholds on sliced.currency = thresholds.currency
    group by sliced.month, sliced.slice, sliced.wallet, sliced.currency

)

select
    month,
    slice,
    wallet,
    currency,
    large_amount,
    cast(users as bigint) as users,
    cast(paid_attempts as bigint) as paid_attempts,
    cast(attempts_told as bigint) as attempts_told,
    cast(attempts_stepped_up as bigint) as attempts_stepped_up,
    cast(amount_without_step_up as decimal(38, 4)) as amount_without_step_up,
    {{ metric('step_up_coverage') }} as step_up_coverage,
    {{ metric_low('step_up_coverage') }} as step_up_coverage_low,
    {{ metric_high('step_up_coverage') }} as step_up_coverage_high,
    {{ is_small_sample('step_up_coverage') }} as is_small_sample
from summed
