with payments as (

    select * from {{ ref('stg_stripe__payments') }} where row_kind = 'capture'

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

),

wallets as (

    select * from {{ ref('wallets') }}

)

select
    'stripe_payments' as source,
    'stripe' as provider,
    payments.capture_key,
    orders.order_key,
    payments.user_key,
    payments.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as product_key,
    payments.wallet,
    wallets.method_family,
    payments.funding_brand,
    payments.payment_type as method,
    cast(null as varchar) as bank_type,
    payments.country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    payments.created_at as captured_at,
    payments.business_date,
    payments.time_precision,
    payments.currency,
    payments.amount,
    payments.converted_amount as settlement_amount,
    case when payments.converted_amount is not null then payments.converted_currency end
        as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    payments.fee as fee_amount,
    -- Never the payment's own: 35.40 of a 15.00 dollar payment are baht.
    case when payments.fee is not null then payments.converted_currency end as fee_currency,
    cast(null as double) as fee_rate,
    case when payments.currency <> payments.converted_currency
        then {{ share('payments.converted_amount', 'payments.amount') }} end as fx_rate,
    payments.is_test,
    -- An export of all columns knows wallet and mode, a default one neither.
    case when payments.has_wallet then 2 else 3 end as source_rank,
    false as is_derived,
    payments.is_resaved,
    payments.export_date,
    payments.ingested_at,
    payments.content_hash,
    payments.file_sha256,
    payments.row_number,
    payments.source_file
from payments
left join orders on payments.payment_key = orders.payment_key
left join wallets on coalesce(payments.wallet, payments.payment_type) = wallets.name
