with transactions as (

    select * from {{ ref('int_paypal__transactions') }} 
    where row_kind = 'movement' and movement_kind = 'payment'

)

select
    source,
    'paypal' as provider,
    capture_key,
    -- A payment without an invoice number is an order of its own.
    coalesce(order_key, {{ derived_key(['capture_key']) }}) as order_key,
    cast(null as uuid) as user_key,
    payer_key,
    payer_scope,
    product_key,
    'paypal' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    cast(null as varchar) as method,
    cast(null as varchar) as bank_type,
    country,
    cast(null as varchar) as sub_merchant_id,
    store_id,
    occurred_at as captured_at,
    business_date,
    'second' as time_precision,
    currency,
    gross_amount as amount,
    gross_amount as settlement_amount,
    currency as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    fee_amount,
    fee_currency,
    cast(null as double) as fee_rate,
    cast(null as double) as fx_rate,
    false as is_test,
    source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from transactions
