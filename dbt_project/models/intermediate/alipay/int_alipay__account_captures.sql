-- Payments that only the account bill knows: their trade bill is not there (yet), or they came about
-- outside the interfaces that the trade bill is about.
with movements as (

    select * from {{ ref('int_alipay__balance_movements') }}

),

-- A day fetched twice holds a fee twice.
fee_rows as (

    select distinct capture_key, movement_key, fee_amount
    from movements
    where movement_kind = 'fee' and capture_key is not null

),

fees as (

    select capture_key, sum(fee_amount) as fee_amount from fee_rows group by capture_key

)

select
    'alipay_account_bill' as source,
    'alipay' as provider,
    coalesce(movements.capture_key, movements.movement_key) as capture_key,
    coalesce(movements.order_key, movements.movement_key) as order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    movements.product_key,
    'alipay' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    cast(null as varchar) as method,
    cast(null as varchar) as bank_type,
    cast(null as varchar) as country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    movements.occurred_at as captured_at,
    movements.business_date,
    movements.time_precision,
    'CNY' as currency,
    -- What was received: discounts of the merchant are not in this bill.
    movements.net_amount as amount,
    movements.net_amount as settlement_amount,
    'CNY' as settlement_currency,
    cast(null as decimal(18, 4)) as coupon_amount,
    cast(null as decimal(18, 4)) as merchant_discount_amount,
    cast(null as decimal(18, 4)) as wallet_discount_amount,
    cast(fees.fee_amount as decimal(18, 4)) as fee_amount,
    'CNY' as fee_currency,
    cast(null as double) as fee_rate,
    cast(null as double) as fx_rate,
    false as is_test,
    3 as source_rank,
    true as is_derived,
    movements.is_resaved,
    movements.export_date,
    movements.ingested_at,
    movements.content_hash,
    movements.file_sha256,
    movements.row_number,
    movements.source_file
from movements
left join fees on movements.capture_key = fees.capture_key
where
    movements.movement_kind = 'payment'
    and not exists (
        select 1
        from {{ ref('stg_alipay__trade_bill') }} as billed
        where billed.row_kind = 'payment' and billed.capture_key = movements.capture_key
    )
