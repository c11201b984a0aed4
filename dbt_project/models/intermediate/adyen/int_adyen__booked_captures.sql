with events as (

    select * from {{ ref('int_adyen__events') }} where copy_rank = 1

),

failed as (

    select distinct modification_key from events where event_type = 'capture_failed'

),

-- Sent for settlement and settled are two steps of one capture; a payment may have several captures.
steps as (

    select
        *,
        row_number() over (
            partition by capture_key, coalesce(modification_key, capture_key)
            order by booked_at, event_key
        ) as step,
        max(amount) over (partition by capture_key, coalesce(modification_key, capture_key)) as part,
        max(fee_amount) over (
            partition by capture_key, coalesce(modification_key, capture_key)
        ) as part_fee,
        max(settlement_currency) over (partition by capture_key) as settled_in
    from events
    where event_type in ('sent_for_settle', 'settled')
        and (
            modification_key is null or modification_key not in (
                select modification_key from failed where modification_key is not null
            )
        )

),

summed as (

    select
        *,
        sum(part) over (partition by capture_key) as captured_amount,
        sum(part_fee) over (partition by capture_key) as fees,
        row_number() over (partition by capture_key order by booked_at, event_key) as place
    from steps
    where step = 1

)

select
    'adyen_accounting' as source,
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
    booked_at as captured_at,
    business_date,
    'second' as time_precision,
    currency,
    cast(captured_amount as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as settlement_amount,
    settled_in as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    cast(fees as decimal(18, 4)) as fee_amount,
    settled_in as fee_currency,
    cast(null as double) as fee_rate,
    exchange_rate as fx_rate,
    false as is_test,
    2 as source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from summed
where place = 1
