with bill as (

    select * from {{ source('lake', 'wechat_trade_bill') }}

),

typed as (

    select
        transaction_id,
        cast(order_key as uuid) as order_key,
        cast(capture_key as uuid) as capture_key,
        cast(refund_key as uuid) as refund_key,
        cast(user_openid_key as uuid) as user_openid_key,
        cast(product_key as uuid) as product_key,

        bill_type,
        upper(trade_state) as trade_state,
        -- MWEB is the payment API's word for what logs and people call H5.
        case when lower(trade_type) = 'mweb' then 'h5' else lower(trade_type) end as method,
        upper(bank_type) as bank_type,
        upper(refund_status) as refund_status,
        case when upper(currency) = 'RMB' then 'CNY' else coalesce(upper(currency), 'CNY') end
            as currency,
        nullif(sub_mch_id, '0') as sub_merchant_id,
        device_info as store_id,

        {{ bill_time('trade_time') }} as traded_at_local,
        {{ bill_time('refund_requested_at') }} as refund_requested_at_local,
        {{ bill_time('refund_succeeded_at') }} as refund_succeeded_at_local,
        -- A spreadsheet that re-saves a bill drops the seconds.
        case
            when trade_time like '%:%:%' or trade_time like '%：%：%' then 'second'
            else 'minute'
        end as time_precision,

        -- Bills of the 24-column age have one amount (总金额); ingest stores it as the settlement.
        coalesce({{ amount('order_amount') }}, {{ amount('settlement_amount') }}) as order_amount,
        {{ amount('settlement_amount') }} as settlement_amount,
        {{ amount('coupon_amount') }} as coupon_amount,
        {{ amount('refund_amount') }} as refund_amount,
        coalesce({{ amount('requested_refund_amount') }}, {{ amount('refund_amount') }})
            as requested_refund_amount,
        -- A RECHARGE_REFUND bill prints what came back (返还手续费); others charge less than nothing.
        coalesce(-abs({{ amount('fee_returned') }}), {{ amount('fee') }}) as fee,
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
    transaction_id,
    order_key,
    capture_key,
    refund_key,
    user_openid_key,
    product_key,
    bill_type,
    -- What cannot be dated or has no amount never reaches a fact: it counts as rejected.
    case
        when trade_state not in ('SUCCESS', 'REFUND', 'REVOKED') or trade_state is null
            then 'irrelevant'
        when traded_at_local is null then 'unreadable'
        when trade_state = 'SUCCESS' and order_amount is null then 'unreadable'
        when trade_state <> 'SUCCESS' and refund_amount is null then 'unreadable'
        when trade_state = 'SUCCESS' then 'payment'
        when trade_state = 'REFUND' then 'refund'
        else 'revocation'
    end as row_kind,
    method,
    bank_type,
    refund_status,
    currency,
    sub_merchant_id,
    store_id,
    {{ china_to_utc('traded_at_local') }} as traded_at,
    cast(traded_at_local as date) as business_date,
    {{ china_to_utc('refund_requested_at_local') }} as refund_requested_at,
    {{ china_to_utc('refund_succeeded_at_local') }} as refund_succeeded_at,
    time_precision,
    order_amount,
    settlement_amount,
    coupon_amount,
    refund_amount,
    requested_refund_amount,
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
