with lines as (

    select * from {{ ref('int_alipay__global_linked') }} where row_kind = 'payment'

)

select
    'alipay_global' as source,
    'alipay_global' as provider,
    capture_key,
    order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as product_key,
    wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    method,
    cast(null as varchar) as bank_type,
    cast(null as varchar) as country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    paid_at as captured_at,
    business_date,
    time_precision,
    currency,
    amount,
    settled_gross as settlement_amount,
    settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    fee as fee_amount,
    settlement_currency as fee_currency,
    cast(null as double) as fee_rate,
    fx_rate,
    false as is_test,
    case when is_settled then 1 else 2 end as source_rank,
    is_settled as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from lines
