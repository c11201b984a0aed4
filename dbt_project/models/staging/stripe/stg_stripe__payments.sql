with exported as (

    select * from {{ source('lake', 'stripe_payments') }}

),

typed as (

    select
        cast(capture_key as uuid) as capture_key,
        cast(intent_key as uuid) as intent_key,
        cast(payout_key as uuid) as payout_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,
        cast(payer_key as uuid) as payer_key,

        lower(status) as status,
        lower(captured) as captured,
        coalesce(lower(mode) = 'test', false) as is_test,
        has_wallet = 'true' as has_wallet,
        lower(is_link) as is_link,
        payment_source_type,
        card_tokenization,
        {{ card_brand('card_brand') }} as funding_brand,
        upper(card_country) as country,
        coalesce(decline_reason, seller_decline_code) as decline_code,
        dispute_reason,
        dispute_status,
        -- Without a source type the id tells cards (ch_) from all else (py_).
        id like 'ch!_%' escape '!' as is_charge,

        {{ bill_time('created') }} as created_at,
        {{ bill_time('refunded_at') }} as refunded_at,
        {{ bill_time('dispute_date') }} as dispute_opened_at,
        {{ bill_time('dispute_due') }} as dispute_due_at,
        -- Exports of 2023 and before have no seconds.
        case when created like '%:%:%' then 'second' else 'minute' end as time_precision,

        {{ amount('amount') }} as amount,
        currency,
        coalesce({{ amount('amount_refunded') }}, 0) as amount_refunded,
        {{ amount('converted_amount') }} as converted_amount,
        coalesce(converted_currency, currency) as converted_currency,
        {{ amount('fee') }} as fee,
        {{ amount('taxes_on_fee') }} as taxes_on_fee,
        {{ amount('disputed_amount') }} as disputed_amount,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from exported

),

-- Abandoned payments have no id, and two of one customer in one minute are two. The same row in
-- another export must be the same attempt, so columns that not every export has do not count.
numbered as (

    select
        *,
        row_number() over (
            partition by
                file_sha256, source_file, capture_key, intent_key, payer_key, amount, currency,
                date_trunc('minute', created_at)
            order by row_number
        ) as occurrence
    from typed

)

select
    coalesce(
        capture_key,
        intent_key,
        {{ derived_key([
            'payer_key', 'amount', 'currency', "date_trunc('minute', created_at)", 'occurrence'
        ]) }}
    ) as payment_key,
    capture_key,
    intent_key,
    payout_key,
    order_key,
    user_key,
    payer_key,
    case
        when created_at is null or amount is null then 'unreadable'
        when capture_key is not null
            and status in ('paid', 'refunded', 'partially refunded', 'disputed', 'succeeded')
            and coalesce(captured, 'true') <> 'false'
            then 'capture'
        else 'attempt'
    end as row_kind,
    case
        when status in ('paid', 'refunded', 'partially refunded', 'disputed', 'succeeded')
            and coalesce(captured, 'true') <> 'false'
            then 'succeeded'
        when status in ('failed', 'requires_payment_method', 'canceled', 'cancelled', 'blocked')
            then 'failed'
        -- Pending, uncaptured, requires_action, requires_confirmation, …: not decided yet.
        else 'unknown'
    end as outcome,
    status,
    decline_code,
    is_test,
    has_wallet,
    {{ stripe_wallet('payment_source_type', 'card_tokenization', 'is_link', 'is_charge', 'has_wallet') }}
        as wallet,
    case
        when payment_source_type is not null then payment_source_type
        when card_tokenization is not null or is_charge then 'card'
    end as payment_type,
    funding_brand,
    country,
    created_at,
    cast({{ local_ts('created_at') }} as date) as business_date,
    time_precision,
    refunded_at,
    amount,
    currency,
    amount_refunded,
    converted_amount,
    converted_currency,
    fee,
    taxes_on_fee,
    disputed_amount,
    dispute_reason,
    dispute_status,
    dispute_opened_at,
    dispute_due_at,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from numbered
