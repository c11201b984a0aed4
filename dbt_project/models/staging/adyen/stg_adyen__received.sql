with report as (

    select * from {{ source('lake', 'adyen_received') }}

),

typed as (

    select
        cast(capture_key as uuid) as capture_key,
        cast(attempt_key as uuid) as attempt_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,

        type,
        shopper_interaction,
        shopper_country,
        refusal,
        raw_response,
        authentication,
        lower(payment_method) as payment_method,
        coalesce(
            {{ adyen_suffix_wallet('lower(payment_method_variant)') }},
            {{ adyen_suffix_wallet('lower(payment_method)') }}
        ) as suffix_wallet,

        {{ iso_time('created_at') }} as created_at,
        {{ amount('amount') }} as amount,
        upper(currency) as currency,

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
    capture_key,
    attempt_key,
    order_key,
    user_key,
    type,
    case when created_at is null or amount is null then 'unreadable' else 'attempt' end as row_kind,
    shopper_interaction,
    shopper_country,
    refusal,
    raw_response,
    authentication,
    payment_method,
    method_family,
    {{ adyen_wallet('payment_method', 'suffix_wallet', 'method_family') }} as wallet,
    {{ adyen_brand('payment_method', 'method_family') }} as funding_brand,
    created_at,
    amount,
    currency,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from with_family
