with lines as (

    select *
    from {{ ref('int_adyen__settlement_lines') }}
    where copy_rank = 1 and movement_kind = 'payment' and capture_key is not null
        and gross_amount is not null

),

-- A payment may be captured in several parts.
summed as (

    select
        *,
        sum(abs(gross_amount)) over (partition by capture_key) as captured_amount,
        sum(net_amount + fee_amount) over (partition by capture_key) as settled_amount,
        sum(fee_amount) over (partition by capture_key) as fees,
        row_number() over (partition by capture_key order by created_at, movement_key) as part
    from lines

)

select
    'adyen_settlement' as source,
    'adyen' as provider,
    capture_key,
    coalesce(order_key, {{ derived_key(['capture_key']) }}) as order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as product_key,
    wallet,
    method_family,
    funding_brand,
    payment_method as method,
    cast(null as varchar) as bank_type,
    shopper_country as country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    created_at as captured_at,
    business_date,
    'second' as time_precision,
    gross_currency as currency,
    cast(captured_amount as decimal(18, 4)) as amount,
    cast(settled_amount as decimal(18, 4)) as settlement_amount,
    net_currency as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    cast(fees as decimal(18, 4)) as fee_amount,
    net_currency as fee_currency,
    cast(null as double) as fee_rate,
    exchange_rate as fx_rate,
    false as is_test,
    1 as source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from summed
where part = 1
