with wechat_pay as (

    select * from {{ ref('stg_wechat_pay__trade_bill') }} where row_kind in ('refund', 'revocation')

),

alipay as (

    select * from {{ ref('stg_alipay__trade_bill') }} where row_kind = 'refund'

),

unioned as (

    select
        'wechat_trade_bill' as source,
        'wechat_pay' as provider,
        row_kind as refund_kind,
        -- A revoked payment may have no refund number; there is at most one per payment.
        coalesce(refund_key, {{ derived_key(['capture_key', 'row_kind', 'requested_refund_amount']) }})
            as refund_key,
        capture_key,
        order_key,
        user_openid_key,
        cast(null as uuid) as operator_key,
        -- ALL bills date a refund once, when it was accepted; REFUND bills add request and success.
        refund_requested_at as requested_at,
        traded_at as accepted_at,
        refund_succeeded_at as completed_at,
        business_date,
        case
            when refund_status = 'SUCCESS' then 'succeeded'
            -- A snapshot of the day of the bill: it is never corrected later.
            when refund_status = 'PROCESSING' then 'pending'
            when refund_status in ('FAIL', 'CHANGE', 'CLOSED', 'REFUNDCLOSE', 'ABNORMAL') then 'failed'
            when row_kind = 'revocation' then 'succeeded'
            else 'unknown'
        end as refund_status,
        currency,
        requested_refund_amount as requested_amount,
        refund_amount,
        -fee as fee_returned_amount,
        time_precision,
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
        row_kind as refund_kind,
        refund_key,
        capture_key,
        order_key,
        cast(null as uuid) as user_openid_key,
        operator_key,
        -- 创建时间 of a refund row is the payment's, so only the end of an Alipay refund is known.
        cast(null as timestamp) as requested_at,
        cast(null as timestamp) as accepted_at,
        finished_at as completed_at,
        business_date,
        'succeeded' as refund_status,
        'CNY' as currency,
        order_amount as requested_amount,
        received_amount as refund_amount,
        service_fee as fee_returned_amount,
        time_precision,
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
