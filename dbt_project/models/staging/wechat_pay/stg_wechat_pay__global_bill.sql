with bill as (

    select * from {{ source('lake', 'wechat_global_bill') }}

),

typed as (

    select
        cast(order_key as uuid) as order_key,
        cast(capture_key as uuid) as capture_key,
        cast(refund_key as uuid) as refund_key,
        cast(user_openid_key as uuid) as user_openid_key,
        cast(product_key as uuid) as product_key,

        upper(trade_state) as trade_state,
        case when lower(trade_type) = 'mweb' then 'h5' else lower(trade_type) end as method,
        upper(bank_type) as bank_type,
        upper(refund_status) as refund_status,
        nullif(sub_mch_id, '0') as sub_merchant_id,
        device_info as store_id,
        upper(currency) as currency,
        upper(settlement_currency) as settlement_currency,
        upper(refund_settlement_currency) as refund_settlement_currency,

        -- All times of WeChat Pay are China's, also for merchants elsewhere.
        {{ bill_time('trade_time') }} as traded_at_local,
        case
            when trade_time like '%:%:%' or trade_time like '%：%：%' then 'second'
            else 'minute'
        end as time_precision,

        {{ amount('order_amount') }} as order_amount,
        {{ amount('settlement_amount') }} as settlement_amount,
        {{ amount('coupon_amount') }} as coupon_amount,
        {{ amount('requested_refund_amount') }} as requested_refund_amount,
        {{ amount('refund_settlement_amount') }} as refund_settlement_amount,
        {{ amount('fee') }} as fee,
        try_cast(replace(fee_rate, '%', '') as double) / cast(100 as double) as fee_rate,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from bill

)

select
    order_key,
    capture_key,
    refund_key,
    user_openid_key,
    product_key,
    case
        when trade_state not in ('SUCCESS', 'REFUND', 'REVOKED') or trade_state is null
            then 'irrelevant'
        when traded_at_local is null then 'unreadable'
        when trade_state = 'SUCCESS' and order_amount is null then 'unreadable'
        when trade_state <> 'SUCCESS' and requested_refund_amount is null then 'unreadable'
        when trade_state = 'SUCCESS' then 'payment'
        when trade_state = 'REFUND' then 'refund'
        else 'revocation'
    end as row_kind,
    method,
    bank_type,
    refund_status,
    currency,
    settlement_currency,
    refund_settlement_currency,
    sub_merchant_id,
    store_id,
    {{ china_to_utc('traded_at_local') }} as traded_at,
    cast({{ local_ts(china_to_utc('traded_at_local')) }} as date) as business_date,
    time_precision,
    order_amount,
    settlement_amount,
    coupon_amount,
    requested_refund_amount,
    refund_settlement_amount,
    fee,
    fee_rate,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from typed
