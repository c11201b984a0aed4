with lines as (

    select * from {{ ref('int_antom__linked') }}
    where kind = 'payment' and row_kind in ('payment', 'movement')

)

select
    'antom_report' as source,
    'antom' as provider,
    capture_key,
    coalesce(order_key, capture_key) as order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as product_key,
    wallet,
    method_family,
    cast(null as varchar) as funding_brand,
    method,
    cast(null as varchar) as bank_type,
    cast(null as varchar) as country,
    sub_merchant_id,
    store_id,
    transacted_at as captured_at,
    business_date,
    'second' as time_precision,
    currency,
    amount,
    cast(net_amount + coalesce(fee_amount, 0) as decimal(18, 4)) as settlement_amount,
    settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    fee_amount,
    case when fee_amount is not null then fee_currency end as fee_currency,
    cast(null as double) as fee_rate,
    cast(null as double) as fx_rate,
    false as is_test,
    case when row_kind = 'movement' then 2 else 1 end as source_rank,
    row_kind = 'movement' as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from lines
