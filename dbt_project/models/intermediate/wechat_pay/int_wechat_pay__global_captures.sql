with bill as (

    select * from {{ ref('stg_wechat_pay__global_bill') }} where row_kind = 'payment'

)

select
    'wechat_global_bill' as source,
    'wechat_pay' as provider,
    coalesce(capture_key, {{ derived_key(['order_key', 'content_hash']) }}) as capture_key,
    order_key,
    cast(null as uuid) as user_key,
    user_openid_key as payer_key,
    'wechat_openid' as payer_scope,
    product_key,
    'wechat_pay' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    method,
    bank_type,
    cast(null as varchar) as country,
    sub_merchant_id,
    store_id,
    traded_at as captured_at,
    business_date,
    time_precision,
    currency,
    order_amount as amount,
    settlement_amount,
    settlement_currency,
    coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    fee as fee_amount,
    coalesce(settlement_currency, currency) as fee_currency,
    fee_rate,
    -- 支付汇率 is from the price to what the buyer paid, not to the settlement.
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
