with bill as (

    select * from {{ ref('stg_alipay__trade_bill') }} where row_kind = 'payment'

)

select
    'alipay_trade_bill' as source,
    'alipay' as provider,
    -- A row without a trade number is still money: its content stands in for the key.
    coalesce(capture_key, {{ derived_key(['order_key', 'content_hash']) }}) as capture_key,
    order_key,
    cast(null as uuid) as user_key,
    -- The bill masks the payer: no key that stays the same from bill to bill.
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    product_key,
    'alipay' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    method,
    cast(null as varchar) as bank_type,
    cast(null as varchar) as country,
    cast(null as varchar) as sub_merchant_id,
    store_id,
    finished_at as captured_at,
    business_date,
    time_precision,
    'CNY' as currency,
    order_amount as amount,
    received_amount as settlement_amount,
    'CNY' as settlement_currency,
    voucher_amount as coupon_amount,
    merchant_discount_amount,
    cast(wallet_discount_amount as decimal(18, 4)) as wallet_discount_amount,
    service_fee as fee_amount,
    'CNY' as fee_currency,
    cast(null as double) as fee_rate,
    cast(null as double) as fx_rate,
    false as is_test,
    1 as source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from bill
