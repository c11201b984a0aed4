with bill as (

    select * from {{ source('lake', 'alipay_trade_bill') }}

),

typed as (

    select
        cast(order_key as uuid) as order_key,
        cast(capture_key as uuid) as capture_key,
        cast(refund_key as uuid) as refund_key,
        cast(product_key as uuid) as product_key,
        cast(operator_key as uuid) as operator_key,

        business_type,
        refund_batch_no,
        store_id,
        -- Only the 27-column bills of 2016 name the way of paying.
        lower(trade_mode) as method,

        {{ bill_time('finished_at') }} as finished_at_local,
        case
            when finished_at like '%:%:%' or finished_at like '%：%：%' then 'second'
            else 'minute'
        end as time_precision,

        -- Refund rows are negative in the same columns as payments; some clones print them positive.
        -- The kind of the row says the direction, so the sign is dropped.
        abs({{ amount('order_amount') }}) as order_amount,
        abs(coalesce({{ amount('received_amount') }}, {{ amount('order_amount') }}))
            as received_amount,
        abs({{ amount('voucher_amount') }}) as voucher_amount,
        abs({{ amount('merchant_discount') }}) as merchant_discount_amount,
        abs(
            coalesce({{ amount('hongbao_amount') }}, 0)
            + coalesce({{ amount('jifenbao_amount') }}, 0)
            + coalesce({{ amount('alipay_discount') }}, 0)
        ) as wallet_discount_amount,
        -- Some bills print a charge negative, some positive (int_alipay__fee_signs).
        {{ amount('service_fee') }} as printed_service_fee,

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
    -- One trade may be refunded several times without a request number (bills of 2016): then only
    -- amount and minute tell the refunds apart.
    case
        when business_type = '退款' and refund_batch_no is null
            then {{ derived_key(
                ['capture_key', 'order_amount', "date_trunc('minute', finished_at_local)"]
            ) }}
        else refund_key
    end as refund_key,
    product_key,
    operator_key,
    case
        when business_type not in ('交易', '退款') or business_type is null then 'irrelevant'
        when finished_at_local is null or order_amount is null then 'unreadable'
        when business_type = '交易' then 'payment'
        else 'refund'
    end as row_kind,
    method,
    store_id,
    {{ china_to_utc('finished_at_local') }} as finished_at,
    cast(finished_at_local as date) as business_date,
    time_precision,
    order_amount,
    received_amount,
    voucher_amount,
    merchant_discount_amount,
    wallet_discount_amount,
    printed_service_fee,
    -- On a payment the fee is a charge, whatever its sign.
    abs(printed_service_fee) as service_fee,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from typed
