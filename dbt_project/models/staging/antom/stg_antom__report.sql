with reports as (

    select * from {{ source('lake', 'antom_report') }}

),

units as (

    {{ minor_units() }}

),

typed as (

    select
        cast(capture_key as uuid) as own_key,
        cast(original_key as uuid) as original_key,
        cast(event_key as uuid) as event_key,
        cast(request_key as uuid) as request_key,
        cast(original_request_key as uuid) as original_request_key,
        cast(order_key as uuid) as reference_order_key,

        report,
        upper(transaction_type) as transaction_type,
        upper(transaction_status) as transaction_status,
        upper(payment_method_type) as payment_method_type,
        lower(product_code) as method,
        reference_store_id as store_id,
        reference_merchant_id as sub_merchant_id,
        upper(transaction_currency) as currency,
        upper(settlement_currency) as settlement_currency,
        upper(coalesce(fee_currency, settlement_currency, transaction_currency)) as fee_currency,

        {{ iso_time('transaction_time') }} as transacted_at,
        {{ iso_time('settlement_time') }} as settled_at,

        -- 1450 for 14.50 USD or 14.50: ingest found out which (constants of the document).
        case
            when amount_unit = 'minor'
                then {{ from_minor_units('transaction_amount', 'units') }}
            else {{ amount('transaction_amount') }}
        end as amount,
        case
            when amount_unit = 'minor'
                then {{ from_minor_units('settlement_amount', 'settlement_units') }}
            else {{ amount('settlement_amount') }}
        end as settlement_amount,
        case
            when amount_unit = 'minor'
                then {{ from_minor_units('fee_amount', 'fee_units') }}
            else {{ amount('fee_amount') }}
        end as fee_amount,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from reports
    left join units on upper(reports.transaction_currency) = units.iso_code
    left join units as settlement_units
        on upper(reports.settlement_currency) = settlement_units.iso_code
    left join units as fee_units
        on upper(coalesce(
            reports.fee_currency, reports.settlement_currency, reports.transaction_currency
        )) = fee_units.iso_code

),

named as (

    select
        *,
        case
            when transaction_type in ('PAYMENT', 'CAPTURE') then 'payment'
            when transaction_type = 'REFUND' then 'refund'
            when transaction_type in ('CANCEL', 'VOID', 'PAYMENT_REVERSAL') then 'revocation'
            when transaction_type in ('DISPUTE', 'RAPID_DISPUTE_RESOLUTION', 'CDRN') then 'dispute'
            when transaction_type = 'AUTHORIZATION' then 'out_of_scope'
            when transaction_type = 'DISPUTE_REVERSAL' then 'dispute_reversal'
            when transaction_type = 'REFUND_REVERSAL' then 'refund_failure'
            when transaction_type like '%FEE%' then 'fee'
            when transaction_type like 'RESERVE%' or transaction_type like 'COLLATERAL%'
                then 'reserve'
            when transaction_type like 'ADJUSTMENT%' then 'adjustment'
            when transaction_type is not null then 'other'
        end as kind,
        case payment_method_type
            when 'ALIPAY_CN' then 'alipay'
            when 'ALIPAY_HK' then 'alipay_hk'
            when 'APPLEPAY' then 'apple_pay'
            when 'GOOGLEPAY' then 'google_pay'
            else lower(payment_method_type)
        end as wallet
    from typed

)

select
    own_key,
    original_key,
    event_key,
    coalesce(reference_order_key, original_request_key, request_key) as order_key,
    report,
    transaction_type,
    kind,
    -- A report of transactions tells what happened to them, one of settlements what moved.
    case
        when kind is null then 'irrelevant'
        when transacted_at is null or amount is null then 'unreadable'
        when report = 'settlement' and settlement_amount is null then 'unreadable'
        when report = 'settlement' and kind = 'out_of_scope' then 'out_of_scope'
        when report = 'settlement' then 'movement'
        when kind = 'payment' and coalesce(transaction_status, 'SUCCESS') <> 'SUCCESS'
            then 'attempt'
        when kind in ('payment', 'refund', 'revocation', 'dispute') then kind
        else 'out_of_scope'
    end as row_kind,
    transaction_status,
    wallet,
    case
        when payment_method_type in ('CARD', 'APPLEPAY', 'GOOGLEPAY') then 'card'
        when payment_method_type in (
            'ALIPAY_CN', 'ALIPAY_HK', 'KAKAOPAY', 'NAVERPAY', 'TOSSPAY', 'PAYPAY', 'GCASH', 'MAYA',
            'DANA', 'TNG', 'BOOST', 'TRUEMONEY', 'RABBIT_LINE_PAY', 'ZALOPAY', 'MOMO', 'PAYPAL'
        ) then 'wallet_account'
    end as method_family,
    method,
    store_id,
    sub_merchant_id,
    currency,
    settlement_currency,
    fee_currency,
    transacted_at,
    settled_at,
    cast({{ local_ts('transacted_at') }} as date) as business_date,
    cast({{ local_ts('coalesce(settled_at, transacted_at)') }} as date) as settlement_date,
    abs(amount) as amount,
    -- Printed without fees (18000 KRW, less 600 of fees, as 14.50 USD); the sign is the kind's.
    cast(
        case
            when kind = 'payment' then abs(settlement_amount)
            when kind in ('refund', 'revocation', 'dispute') then -abs(settlement_amount)
            else settlement_amount
        end as decimal(18, 4)
    ) as net_amount,
    cast(
        case
            when kind = 'payment' then abs(fee_amount)
            when kind in ('refund', 'revocation') then -abs(fee_amount)
            else -fee_amount
        end as decimal(18, 4)
    ) as fee_amount,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from named
