with report as (

    select * from {{ source('lake', 'adyen_settlement') }}

),

typed as (

    select
        cast(line_key as uuid) as line_key,
        cast(capture_key as uuid) as capture_key,
        cast(refund_key as uuid) as refund_key,
        cast(dispute_key as uuid) as dispute_key,
        cast(payout_key as uuid) as payout_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,

        type,
        merchant_account,
        batch_number,
        shopper_country,
        lower(payment_method) as payment_method,
        coalesce(
            {{ adyen_suffix_wallet('lower(payment_method_variant)') }},
            {{ adyen_suffix_wallet('lower(payment_method)') }}
        ) as suffix_wallet,

        {{ iso_time('created_at') }} as created_at,
        {{ iso_time('booked_at') }} as booked_at,

        -- Which of debit and credit is filled is the direction, whatever the type.
        upper(gross_currency) as gross_currency,
        case
            when gross_debit is not null or gross_credit is not null
                then coalesce({{ amount('gross_credit') }}, 0) - coalesce({{ amount('gross_debit') }}, 0)
        end as gross_amount,
        upper(net_currency) as net_currency,
        coalesce({{ amount('net_credit') }}, 0) - coalesce({{ amount('net_debit') }}, 0) as net_amount,
        try_cast(exchange_rate as double) as exchange_rate,
        -- Negative where a refund gives a fee back.
        case
            when coalesce(commission, markup, scheme_fees, interchange) is not null
                then coalesce({{ amount('commission') }}, 0) + coalesce({{ amount('markup') }}, 0)
                + coalesce({{ amount('scheme_fees') }}, 0) + coalesce({{ amount('interchange') }}, 0)
        end as fee_amount,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file
    from report

),

with_family as (

    select
        *,
        {{ adyen_method_family('payment_method', 'suffix_wallet') }} as method_family,
        cast({{ local_ts('created_at') }} as date) as business_date
    from typed

)

select
    line_key,
    capture_key,
    refund_key,
    dispute_key,
    payout_key,
    order_key,
    user_key,
    type,
    {{ adyen_movement_kind('type') }} as movement_kind,
    case when created_at is null then 'unreadable' else 'movement' end as row_kind,
    merchant_account,
    batch_number,
    shopper_country,
    payment_method,
    method_family,
    {{ adyen_wallet('payment_method', 'suffix_wallet', 'method_family') }} as wallet,
    {{ adyen_brand('payment_method', 'method_family') }} as funding_brand,
    created_at,
    booked_at,
    business_date,
    gross_currency,
    cast(gross_amount as decimal(18, 4)) as gross_amount,
    net_currency,
    cast(net_amount as decimal(18, 4)) as net_amount,
    exchange_rate,
    cast(
        coalesce(fee_amount, case when gross_currency = net_currency then gross_amount - net_amount end)
        as decimal(18, 4)
    ) as fee_amount,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from with_family
