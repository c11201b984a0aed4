-- Apple Pay, Google Pay and their like have no export of their own: they are tokens around a card, and
-- what is known of them is in the exports of whoever processed the card. So this is a view of those.
{{ config(materialized='view') }}

with captures as (

    select * from {{ ref('fct_captures') }}
    where method_family = 'card' and wallet not in ('card', 'unknown')

),

refunded as (

    select capture_key, currency, count(*) as refunds, sum(refund_amount) as refunded_amount
    from {{ ref('fct_refunds') }}
    where refund_status <> 'failed'
    group by capture_key, currency

),

disputed as (

    select distinct capture_key from {{ ref('fct_disputes') }} where capture_key is not null

)

select
    captures.capture_key,
    captures.order_key,
    captures.user_key,
    captures.wallet,
    captures.funding_brand,
    captures.provider,
    captures.captured_at,
    captures.business_date,
    captures.currency,
    captures.amount,
    captures.fee_amount,
    captures.fee_currency,
    cast(coalesce(refunded.refunds, 0) as integer) as refunds,
    cast(coalesce(refunded.refunded_amount, 0) as decimal(18, 4)) as refunded_amount,
    disputed.capture_key is not null as is_disputed,
    captures.is_test,
    captures.source
from captures
left join refunded
    on captures.capture_key = refunded.capture_key
    and captures.currency = refunded.currency
left join disputed on captures.capture_key = disputed.capture_key
