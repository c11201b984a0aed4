{{ config(alias='wallet_performance') }}

with attempts as (

    select *, cast(date_trunc('month', business_date) as date) as month
    from {{ ref('fct_payment_attempts') }}
    where not is_test

),

payments as (

    select *, cast(date_trunc('month', business_date) as date) as month
    from {{ ref('fct_payments') }}

),

captures as (

    select *, cast(date_trunc('month', business_date) as date) as month
    from {{ ref('fct_captures') }}
    where not is_test

),

refunds as (

    select * from {{ ref('fct_refunds') }}
    where
        not is_orphan
        and refund_status <> 'failed'
        and currency = {{ reporting_currency() }}

),

fees as (

    select *, cast(date_trunc('month', business_date) as date) as month
    from {{ ref('fct_fees') }}
    where currency = {{ reporting_currency() }} and not is_test

),

attempt_counts as (

    select
        month,
        wallet,
        {{ measures('attempt', ['attempts', 'succeeded', 'failed', 'unknown']) }}
    from attempts
    group by month, wallet

),

-- An order belongs to the wallet it was first tried with, whichever paid in the end.
order_counts as (

    select
        month,
        first_wallet as wallet,
        {{ measures('order', [
            'orders', 'orders_succeeded', 'orders_first_failed', 'orders_recovered'
        ]) }}
    from payments
    where has_attempts and not is_test
    group by month, first_wallet

),

-- By the month of the payment, not of the refund: in a growing month the calendar view flatters.
refunds_of_captures as (

    select capture_key, sum(requested_amount) as refunded_amount
    from refunds
    group by capture_key

),

refunded_captures as (

    select captures.*, refunds_of_captures.refunded_amount
    from captures
    left join refunds_of_captures on captures.capture_key = refunds_of_captures.capture_key

),

money as (

    select
        captures.month,
        captures.wallet,
        {{ measures('capture', [
            'captures', 'captured_amount', 'refunded_captures', 'refunded_amount'
        ]) }},
        count(distinct captures.user_key) as payers,
        count(distinct case when captures.refunded_amount > 0 then captures.user_key end)
            as users_refunded
    from refunded_captures as captures
    where captures.currency = {{ reporting_currency() }}
    group by captures.month, captures.wallet

),

charged as (

    select month, wallet, {{ measures('fee', ['fee_amount', 'fee_base_amount']) }}
    from fees
    group by month, wallet

),

-- Few customers ask for money back: what they got would be theirs. Zero is nobody's.
refunds_shown as (

    select
        month,
        wallet,
        {{ is_hidden_cell(
            'case when refunded_captures = 0 then 1000000 else users_refunded end',
            tie='month', by='wallet'
        ) }} as is_refunded_hidden
    from money

),

-- A month in which nobody is named is one of few people too: what it took in would follow as well.
people as (

    select month, wallet, user_key from attempts
    union
    select month, wallet, user_key from captures

),

people_counts as (

    select month, wallet, count(user_key) as users from people group by month, wallet

),

compared as (

    select {{ month_of('from_date') }} as from_month from {{ ref('rpt_comparison_window') }}

),

-- Of many who tried few may have paid: the amounts would be theirs.
fewest as (

    select
        people_counts.*,
        coalesce(people_counts.month < compared.from_month, false) as is_before_compared,
        case when money.payers > 0 then least(people_counts.users, money.payers)
            else people_counts.users end as fewest_users
    from people_counts
    cross join compared
    left join money
        on people_counts.month = money.month
        and people_counts.wallet = money.wallet

),

-- The attempts of a wallet are told by other tables: one hidden month would follow from the others, also
-- among those before the days of `wallet_comparison`.
shown as (

    select
        *,
        {{ is_hidden_cell('fewest_users', tie='month', by='wallet, is_before_compared') }} as is_hidden
    from fewest

)

select
    shown.month,
    shown.wallet,
    cast(shown.users as bigint) as users,
    cast(coalesce(attempt_counts.attempts, 0) as bigint) as attempts,
    cast(coalesce(attempt_counts.succeeded, 0) as bigint) as succeeded,
    cast(coalesce(attempt_counts.failed, 0) as bigint) as failed,
    cast(coalesce(attempt_counts.unknown, 0) as bigint) as unknown,
    {{ metric('attempt_success_rate') }} as attempt_success_rate,
    {{ metric_low('attempt_success_rate') }} as rate_low,
    {{ metric_high('attempt_success_rate') }} as rate_high,
    cast(coalesce(order_counts.orders, 0) as bigint) as orders,
    cast(coalesce(order_counts.orders_succeeded, 0) as bigint) as orders_succeeded,
    {{ metric('order_success_rate') }} as order_success_rate,
    cast(coalesce(order_counts.orders_first_failed, 0) as bigint) as orders_first_failed,
    cast(coalesce(order_counts.orders_recovered, 0) as bigint) as orders_recovered,
    cast(coalesce(money.captures, 0) as bigint) as captures,
    cast(coalesce(money.refunded_captures, 0) as bigint) as refunded_captures,
    cast(coalesce(money.captured_amount, 0) as decimal(18, 4)) as captured_amount,
    cast(
        case when not coalesce(refunds_shown.is_refunded_hidden, false)
            then coalesce(money.refunded_amount, 0) end
        as decimal(18, 4)
    ) as refunded_amount,
    {{ metric('refund_rate_by_count') }} as refund_rate_by_count,
    cast(charged.fee_amount as decimal(18, 4)) as fee_amount,
    {{ metric('effective_fee_rate') }} as effective_fee_rate,
    {{ reporting_currency() }} as currency
from shown
left join attempt_counts
    on shown.month = attempt_counts.month
    and shown.wallet = attempt_counts.wallet
left join order_counts
    on shown.month = order_counts.month
    and shown.wallet = order_counts.wallet
left join money
    on shown.month = money.month
    and shown.wallet = money.wallet
left join charged
    on shown.month = charged.month
    and shown.wallet = charged.wallet
left join refunds_shown
    on shown.month = refunds_shown.month
    and shown.wallet = refunds_shown.wallet
where not shown.is_hidden
