with report as (

    select * from {{ source('lake', 'paypal_activity') }}

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

        report,
        status,
        country,
        event_code,
        {{ amount('gross') }} >= 0 as is_credit,
        {{ iso_time('occurred_at') }} as occurred_at,
        upper(currency) as currency,
        {{ amount('gross') }} as gross_amount,
        -- Printed as what it does to the balance; here positive when PayPal keeps it.
        -{{ amount('fee') }} as fee_amount,
        {{ amount('balance') }} as balance_after,

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
    case
        when event_code = 'memo' then 'irrelevant'
        when occurred_at is null or gross_amount is null then 'unreadable'
        when status in ('S', 'V', 'F') and event_code not like 'T13%' then 'movement'
        else 'event'
    end as row_kind
from typed
