with wechat_pay as (

    select * from {{ ref('stg_wechat_pay__trade_bill') }} where row_kind = 'payment'

),

alipay as (

    select * from {{ ref('stg_alipay__trade_bill') }} where row_kind = 'payment'

),

unioned as (

    select
        'wechat_trade_bill' as source,
        'wechat_pay' as provider,
        -- A row without a transaction number is still money: its content stands in for the key.
        coalesce(capture_key, {{ derived_key(['order_key', 'content_hash']) }}) as capture_key,
        order_key,
        user_openid_key,
        product_key,
        method,
        bank_type,
        sub_merchant_id,
        store_id,
        traded_at as captured_at,
        business_date,
        time_precision,
        currency,
        order_amount as amount,
        settlement_amount,
        coupon_amount,
        -- Coupons that the merchant funds are what settlement lacks; the bill is silent on WeChat's own.
        cast(order_amount - settlement_amount as decimal(18, 4)) as merchant_discount_amount,
        cast(null as decimal(18, 4)) as wallet_discount_amount,
        fee as fee_amount,
        fee_rate,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from wechat_pay

    union all

    select
        'alipay_trade_bill' as source,
        'alipay' as provider,
        coalesce(capture_key, {{ derived_key(['order_key', 'content_hash']) }}) as capture_key,
        order_key,
        cast(null as uuid) as user_openid_key,
        product_key,
        method,
        cast(null as varchar) as bank_type,
        cast(null as varchar) as sub_merchant_id,
        store_id,
        finished_at as captured_at,
        business_date,
        time_precision,
        'CNY' as currency,
        order_amount as amount,
        received_amount as settlement_amount,
        voucher_amount as coupon_amount,
        merchant_discount_amount,
        cast(wallet_discount_amount as decimal(18, 4)) as wallet_discount_amount,
        service_fee as fee_amount,
        cast(null as double) as fee_rate,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from alipay

)

select * from unioned
