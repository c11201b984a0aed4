-- Payments as the balance shows them. No wallet: the report has the method and the brand only.
with balance as (

    select * from {{ ref('stg_stripe__balance') }}
    where row_kind = 'movement' and movement_kind = 'payment' and charge_key is not null
        and coalesce(gross, net) >= 0

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

),

wallets as (

    select * from {{ ref('wallets') }}

)

select
    'stripe_balance' as source,
    'stripe' as provider,
    balance.charge_key as capture_key,
    orders.order_key,
    balance.user_key,
    balance.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as product_key,
    -- A card may have been in Apple Pay; other methods are what they are.
    case when balance.payment_type not in ('card', 'card_present') then balance.payment_type end as wallet,
    wallets.method_family,
    balance.funding_brand,
    balance.payment_type as method,
    cast(null as varchar) as bank_type,
    balance.country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    balance.created_at as captured_at,
    balance.business_date,
    'second' as time_precision,
    coalesce(balance.customer_facing_currency, balance.currency) as currency,
    coalesce(balance.customer_facing_amount, balance.gross, balance.net) as amount,
    balance.gross as settlement_amount,
    balance.currency as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    balance.fee as fee_amount,
    balance.currency as fee_currency,
    cast(null as double) as fee_rate,
    case when balance.customer_facing_currency <> balance.currency
        then {{ share('balance.gross', 'balance.customer_facing_amount') }} end as fx_rate,
    false as is_test,
    6 as source_rank,
    true as is_derived,
    balance.is_resaved,
    balance.export_date,
    balance.ingested_at,
    balance.content_hash,
    balance.file_sha256,
    balance.row_number,
    balance.source_file
from balance
left join orders on balance.charge_key = orders.payment_key
left join wallets on balance.payment_type = wallets.name
