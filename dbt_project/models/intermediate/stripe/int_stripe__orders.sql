-- Read by every kind of Stripe row.
{{ config(materialized='table') }}

with known as (

    select payment_key, intent_key, order_key from {{ ref('stg_stripe__payments') }}

    union all

    select
        object_key as payment_key,
        case when object = 'payment_intent' then object_key else intent_key end as intent_key,
        order_key
    from {{ ref('stg_stripe__objects') }}
    where object in ('charge', 'payment_intent')

    union all

    -- An intent's own word on its charge.
    select intent_charge_key, object_key, order_key
    from {{ ref('stg_stripe__objects') }}
    where object = 'payment_intent' and intent_charge_key is not null

    union all

    select charge_key, intent_key, order_key
    from {{ ref('stg_stripe__balance') }}
    where charge_key is not null

),

links as (

    select * from {{ ref('int_merchant__payment_links') }}

),

by_payment as (

    select payment_key, min(intent_key) as intent_key, min(order_key) as order_key
    from known
    where payment_key is not null
    group by payment_key

),

-- One intent may have several charges, and only one of them names the order.
by_intent as (

    select
        intent_key,
        min(order_key) as order_key,
        max(case when payment_key <> intent_key then payment_key end) as charge_key
    from known
    where intent_key is not null
    group by intent_key

)

select
    by_payment.payment_key,
    -- An intent of which a charge is known is that attempt, in an earlier state.
    case
        when by_payment.payment_key = by_payment.intent_key
            then coalesce(by_intent.charge_key, by_payment.payment_key)
        else by_payment.payment_key
    end as attempt_key,
    -- The log's word on which order a payment belongs to; then the number in Stripe's metadata; then
    -- tries of one intent are one order.
    coalesce(
        payment_links.order_key,
        intent_links.order_key,
        by_payment.order_key,
        by_intent.order_key,
        by_payment.intent_key,
        by_payment.payment_key
    ) as order_key
from by_payment
left join by_intent on by_payment.intent_key = by_intent.intent_key
left join links as payment_links on by_payment.payment_key = payment_links.provider_payment_key
left join links as intent_links on by_payment.intent_key = intent_links.provider_payment_key
