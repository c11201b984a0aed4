with report as (

    select * from {{ source('lake', 'adyen_accounting') }}

),

typed as (

    select
        cast(line_key as uuid) as line_key,
        cast(capture_key as uuid) as capture_key,
        cast(modification_key as uuid) as modification_key,
        cast(refund_key as uuid) as refund_key,
        cast(dispute_key as uuid) as dispute_key,
        cast(attempt_key as uuid) as attempt_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,

        record_type,
        {{ adyen_event_type('record_type') }} as event_type,
        shopper_country,
        lower(payment_method) as payment_method,
        coalesce(
            {{ adyen_suffix_wallet('lower(payment_method_variant)') }},
            {{ adyen_suffix_wallet('lower(payment_method)') }}
        ) as suffix_wallet,

        {{ iso_time('booked_at') }} as booked_at,

        -- Each step moves the payment's value from one column to the next; Main Amount is the net where
        -- the payment is settled, so it only stands in where nothing else is filled.
        coalesce(
            nullif(abs({{ amount('captured') }}), 0),
            nullif(abs({{ amount('authorised') }}), 0),
            nullif(abs({{ amount('received') }}), 0),
            abs({{ amount('main_amount') }})
        ) as amount,
        upper(
            case
                when coalesce(
                    nullif({{ amount('captured') }}, 0),
                    nullif({{ amount('authorised') }}, 0),
                    nullif({{ amount('received') }}, 0)
                ) is not null then payment_currency
                else main_currency
            end
        ) as currency,
        upper(settlement_currency) as settlement_currency,
        try_cast(exchange_rate as double) as exchange_rate,
        abs({{ amount('payable') }}) as payable,
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
        cast({{ local_ts('booked_at') }} as date) as business_date
    from typed

)

select
    line_key,
    capture_key,
    modification_key,
    refund_key,
    dispute_key,
    attempt_key,
    order_key,
    user_key,
    record_type,
    event_type,
    case when booked_at is null then 'unreadable' else 'event' end as row_kind,
    shopper_country,
    payment_method,
    method_family,
    {{ adyen_wallet('payment_method', 'suffix_wallet', 'method_family') }} as wallet,
    {{ adyen_brand('payment_method', 'method_family') }} as funding_brand,
    booked_at,
    business_date,
    cast(amount as decimal(18, 4)) as amount,
    currency,
    settlement_currency,
    exchange_rate,
    cast(payable as decimal(18, 4)) as payable,
    cast(fee_amount as decimal(18, 4)) as fee_amount,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from with_family
