-- Every attempt, capture and linked refund is in exactly one order, and with its amount; what is in
-- another currency than its order is left out there, and the order says so.
{{ config(
    meta={
        'description': 'Orders do not hold every attempt, payment and refund exactly once',
        'dagster': {'ref': {'name': 'fct_payments'}},
    }
) }}

with orders as (

    select
        sum(attempts) as attempts,
        sum(failed_attempts) as failed_attempts,
        sum(capture_count) as captures,
        sum(captured_amount) as captured_amount,
        sum(refund_count) as refunds
    from {{ ref('fct_payments') }}

),

attempts as (

    select
        count(*) as attempts,
        sum(case when resolved_outcome = 'failed' then 1 else 0 end) as failed_attempts
    from {{ ref('fct_payment_attempts') }}

),

captures as (

    select
        sum(case when is_told then 0 else 1 end) as captures,
        sum(case when is_told then 0 else amount end) as captured_amount
    from (
        select
            captures.amount,
            coalesce(orders.has_other_currency and orders.currency <> captures.currency, false)
                as is_told
        from {{ ref('fct_captures') }} as captures
        left join {{ ref('fct_payments') }} as orders on captures.order_key = orders.order_key
    ) as placed

),

refunds as (

    select count(*) as refunds
    from {{ ref('fct_refunds') }} as refunds
    left join {{ ref('fct_payments') }} as orders on refunds.order_key = orders.order_key
    where
        not refunds.is_orphan
        and refunds.refund_status <> 'failed'
        and not coalesce(orders.has_other_currency and orders.currency <> refunds.currency, false)

)

select *
from orders
cross join attempts
cross join captures
cross join refunds
where
    coalesce(orders.attempts, 0) <> attempts.attempts
    or coalesce(orders.failed_attempts, 0) <> coalesce(attempts.failed_attempts, 0)
    or coalesce(orders.captures, 0) <> coalesce(captures.captures, 0)
    or coalesce(orders.captured_amount, 0) <> coalesce(captures.captured_amount, 0)
    or coalesce(orders.refunds, 0) <> refunds.refunds
