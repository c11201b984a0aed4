with report as (

    select * from {{ source('lake', 'paypal_transaction_detail') }}

),

typed as (

    select
        cast(movement_key as uuid) as movement_key,
        cast(capture_key as uuid) as capture_key,
        cast(refund_key as uuid) as refund_key,
        cast(referenced_capture_key as uuid) as referenced_capture_key,
        cast(dispute_key as uuid) as dispute_key,
        cast(order_key as uuid) as order_key,
        cast(payer_key as uuid) as payer_key,
        cast(event_key as uuid) as event_key,
        cast(attempt_key as uuid) as attempt_key,
        cast(product_key as uuid) as product_key,

        status,
        coalesce(billing_country, shipping_country) as country,
        lower(card_type) as card_type,
        event_code,
        direction = 'CR' as is_credit,
        {{ iso_time('initiated_at') }} as initiated_at,
        {{ iso_time('completed_at') }} as completed_at,
        upper(currency) as currency,
        case when direction = 'DR' then -{{ amount('gross_amount') }} else {{ amount('gross_amount') }} end
            as gross_amount,
        -- Positive when PayPal keeps it; a refund may give it back (CR).
        case when fee_direction = 'CR' then -{{ amount('fee_amount') }} else {{ amount('fee_amount') }} end
            as fee_amount,
        upper(coalesce(fee_currency, currency)) as fee_currency,
        store_id,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from report

)

select
    *,
    -- Authorisations (T13) hold money on the payer's side. Of a reversed (V) or partly refunded (F)
    -- payment the money came in first; its refund is a row of its own.
    case
        when initiated_at is null or gross_amount is null then 'unreadable'
        when status in ('S', 'V', 'F') and event_code not like 'T13%' then 'movement'
        else 'event'
    end as row_kind
from typed
