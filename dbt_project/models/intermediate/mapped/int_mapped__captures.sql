with payments as (

    select *
    from {{ ref('stg_mapped__exports') }}
    where
        kind = 'payment'
        and row_kind in ('payment', 'movement')
        and coalesce(outcome, 'succeeded') = 'succeeded'

)

select
    'mapped_exports' as source,
    provider,
    payment_key as capture_key,
    payment_order_key as order_key,
    user_key,
    payer_key,
    case when payer_key is not null then provider || '_payer' end as payer_scope,
    cast(null as uuid) as product_key,
    wallet,
    cast(null as varchar) as method_family,
    funding_brand,
    method,
    cast(null as varchar) as bank_type,
    country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    occurred_at as captured_at,
    business_date,
    'second' as time_precision,
    currency,
    effect_amount as amount,
    effect_amount as settlement_amount,
    currency as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    fee_amount,
    currency as fee_currency,
    cast(null as double) as fee_rate,
    cast(null as double) as fx_rate,
    false as is_test,
    2 as source_rank,
    row_kind = 'movement' as is_derived,
    false as is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from payments
