-- Every attempt, capture and linked refund is in exactly one order, and with its amount.
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

    select count(*) as captures, sum(amount) as captured_amount from {{ ref('fct_captures') }}

),

refunds as (

    select count(*) as refunds from {{ ref('fct_refunds') }} where not is_orphan

)

select *
from orders
cross join attempts
cross join captures
cross join refunds
where
    coalesce(orders.attempts, 0) <> attempts.attempts
    or coalesce(orders.failed_attempts, 0) <> coalesce(attempts.failed_attempts, 0)
    or coalesce(orders.captures, 0) <> captures.captures
    or coalesce(orders.captured_amount, 0) <> coalesce(captures.captured_amount, 0)
    or coalesce(orders.refunds, 0) <> refunds.refunds
