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
    where not exists (
        select 1 from payments
        where payments.is_test and payments.order_key = fct_captures.order_key
    )

),

refunds as (

    select * from {{ ref('fct_refunds') }}
    where
        not is_orphan
        and refund_status <> 'failed'
        and currency = {{ reporting_currency() }}

),

attempt_counts as (

    select
        month,
        wallet,
        count(*) as attempts,
        sum(case when resolved_outcome = 'succeeded' then 1 else 0 end) as succeeded,
        sum(case when resolved_outcome = 'failed' then 1 else 0 end) as failed,
        sum(case when resolved_outcome = 'unknown' then 1 else 0 end) as unknown
    from attempts
    group by month, wallet

),

-- An order belongs to the wallet it was first tried with, whichever paid in the end.
order_counts as (

    select
        month,
        first_wallet as wallet,
        count(*) as orders,
        sum(case when final_outcome = 'succeeded' then 1 else 0 end) as orders_succeeded,
        sum(case when first_outcome = 'failed' then 1 else 0 end) as orders_first_failed,
        sum(case when is_recovered then 1 else 0 end) as orders_recovered
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

money as (

    select
        captures.month,
        captures.wallet,
        count(*) as captures,
        sum(captures.amount) as captured_amount,
        sum(captures.fee_amount) as fee_amount,
        sum(case when captures.fee_amount is not null then captures.amount end)
            as amount_with_known_fee,
        count(refunds_of_captures.capture_key) as refunded_captures,
        sum(coalesce(refunds_of_captures.refunded_amount, 0)) as refunded_amount
    from captures
    left join refunds_of_captures on captures.capture_key = refunds_of_captures.capture_key
    where captures.currency = {{ reporting_currency() }}
    group by captures.month, captures.wallet

),

people as (

    select month, wallet, user_key from attempts where user_key is not null
    union
    select month, wallet, user_key from captures where user_key is not null

),

people_counts as (

    select month, wallet, count(*) as users from people group by month, wallet

)

select
    people_counts.month,
    people_counts.wallet,
    cast(people_counts.users as bigint) as users,
    cast(coalesce(attempt_counts.attempts, 0) as bigint) as attempts,
    cast(coalesce(attempt_counts.succeeded, 0) as bigint) as succeeded,
    cast(coalesce(attempt_counts.failed, 0) as bigint) as failed,
    cast(coalesce(attempt_counts.unknown, 0) as bigint) as unknown,
    {{ share('attempt_counts.succeeded', '(attempt_counts.succeeded + attempt_counts.failed)') }}
        as attempt_success_rate,
    {{ wilson_low('attempt_counts.succeeded', '(attempt_counts.succeeded + attempt_counts.failed)') }}
        as rate_low,
    {{ wilson_high('attempt_counts.succeeded', '(attempt_counts.succeeded + attempt_counts.failed)') }}
        as rate_high,
    cast(coalesce(order_counts.orders, 0) as bigint) as orders,
    cast(coalesce(order_counts.orders_succeeded, 0) as bigint) as orders_succeeded,
    {{ share('order_counts.orders_succeeded', 'order_counts.orders') }} as order_success_rate,
    cast(coalesce(order_counts.orders_first_failed, 0) as bigint) as orders_first_failed,
    cast(coalesce(order_counts.orders_recovered, 0) as bigint) as orders_recovered,
    cast(coalesce(money.captures, 0) as bigint) as captures,
    cast(coalesce(money.refunded_captures, 0) as bigint) as refunded_captures,
    cast(coalesce(money.captured_amount, 0) as decimal(18, 4)) as captured_amount,
    cast(coalesce(money.refunded_amount, 0) as decimal(18, 4)) as refunded_amount,
    {{ share('money.refunded_captures', 'money.captures') }} as refund_rate_by_count,
    cast(money.fee_amount as decimal(18, 4)) as fee_amount,
    {{ share('money.fee_amount', 'money.amount_with_known_fee') }} as effective_fee_rate,
    {{ reporting_currency() }} as currency
from people_counts
left join attempt_counts
    on people_counts.month = attempt_counts.month
    and people_counts.wallet = attempt_counts.wallet
left join order_counts
    on people_counts.month = order_counts.month
    and people_counts.wallet = order_counts.wallet
left join money
    on people_counts.month = money.month
    and people_counts.wallet = money.wallet
where people_counts.users >= {{ minimum_cell_users() }}
