-- Payments that only a funds bill knows: the trade bill of their day is not there (yet).
with funds as (

    select * from {{ ref('stg_wechat_pay__funds_bill') }} where row_kind = 'movement'

),

-- A day fetched twice holds a fee twice.
fee_rows as (

    select distinct business_no, movement_key, -net_amount as fee_amount
    from funds
    where movement_kind = 'fee'

),

fees as (

    select business_no, sum(fee_amount) as fee_amount from fee_rows group by business_no

)

select
    'wechat_funds_bill' as source,
    'wechat_pay' as provider,
    coalesce(funds.own_capture_key, funds.movement_key) as capture_key,
    coalesce(funds.voucher_key, funds.movement_key) as order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as product_key,
    'wechat_pay' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    cast(null as varchar) as method,
    cast(null as varchar) as bank_type,
    cast(null as varchar) as country,
    cast(null as varchar) as sub_merchant_id,
    cast(null as varchar) as store_id,
    -- When it was booked: the bill does not say when it was paid.
    funds.booked_at as captured_at,
    funds.business_date,
    funds.time_precision,
    'CNY' as currency,
    -- What was settled: the order's own amount, before the merchant's coupons, is not in the bill.
    funds.net_amount as amount,
    funds.net_amount as settlement_amount,
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
    funds.is_resaved,
    funds.export_date,
    funds.ingested_at,
    funds.content_hash,
    funds.file_sha256,
    funds.row_number,
    funds.source_file
from funds
left join fees on funds.business_no = fees.business_no
where
    funds.movement_kind = 'payment'
    and not exists (
        select 1
        from {{ ref('stg_wechat_pay__trade_bill') }} as billed
        where billed.row_kind = 'payment' and billed.transaction_id = funds.business_no
    )
