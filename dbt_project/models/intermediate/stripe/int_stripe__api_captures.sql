-- Charges that took money; and intents that did, where nobody exported the charge.
with objects as (

    select
        *,
        case when object = 'charge' then object_key else coalesce(intent_charge_key, object_key) end
            as capture_key
    from {{ ref('stg_stripe__objects') }}
    where
        row_kind = 'capture'
        or (object = 'payment_intent' and row_kind = 'attempt' and outcome = 'succeeded')

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

),

wallets as (

    select * from {{ ref('wallets') }}

)

select
    'stripe_api' as source,
    'stripe' as provider,
    objects.capture_key,
    orders.order_key,
    objects.user_key,
    objects.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as product_key,
    objects.wallet,
    wallets.method_family,
    objects.funding_brand,
    objects.payment_type as method,
    cast(null as varchar) as bank_type,
    objects.country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    objects.created_at as captured_at,
    objects.business_date,
    'second' as time_precision,
    objects.currency,
    coalesce(objects.amount_captured, objects.amount_received, objects.amount) as amount,
    objects.settled_amount as settlement_amount,
    objects.settled_currency as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    objects.settled_fee as fee_amount,
    objects.settled_currency as fee_currency,
    cast(null as double) as fee_rate,
    objects.exchange_rate as fx_rate,
    objects.is_test,
    case when objects.object = 'charge' then 1 else 4 end + case when objects.age = 1 then 0 else 4 end
        as source_rank,
    objects.object <> 'charge' as is_derived,
    objects.is_resaved,
    objects.export_date,
    objects.ingested_at,
    objects.content_hash,
    objects.file_sha256,
    objects.row_number,
    objects.source_file
from objects
left join orders on objects.capture_key = orders.payment_key
left join wallets on coalesce(objects.wallet, objects.payment_type) = wallets.name
