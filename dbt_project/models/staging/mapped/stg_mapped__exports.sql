with lines as (

    select * from {{ source('lake', 'mapped_exports') }}

),

typed as (

    select
        provider,
        mapping,
        report,
        kind,
        outcome,
        cast(capture_key as uuid) as own_capture_key,
        cast(original_capture_key as uuid) as original_capture_key,
        cast(refund_key as uuid) as own_refund_key,
        cast(entry_key as uuid) as entry_key,
        cast(payout_key as uuid) as payout_key,
        cast(payer_key as uuid) as payer_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,
        cast(device_key as uuid) as device_key,
        cast(operator_key as uuid) as operator_key,
        {{ iso_time('occurred_at') }} as occurred_at,
        {{ iso_time('completed_at') }} as completed_at,
        currency,
        {{ amount('amount') }} as effect_amount,
        {{ amount('fee') }} as fee_amount,
        {{ amount('net') }} as net_amount,
        wallet,
        lower(method) as method,
        lower(funding_brand) as funding_brand,
        country,
        error_code,
        error_sub_code,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from lines

),

-- A row without a number of its own is known by all it says; the second equal row of a file is a
-- second one, the second file's first is a copy.
identified as (

    select
        *,
        {{ derived_key(['content_hash', "row_number() over (
            partition by content_hash, file_sha256, source_file order by row_number
        )"]) }} as content_key
    from typed

)

select
    *,
    coalesce(own_capture_key, content_key) as payment_key,
    -- A refund that names the payment it gives back has its own number in the payment's column.
    coalesce(
        own_refund_key,
        case when original_capture_key is not null then own_capture_key else entry_key end,
        content_key
    ) as refund_key,
    coalesce(original_capture_key, own_capture_key) as refunded_capture_key,
    coalesce(order_key, own_capture_key, content_key) as payment_order_key,
    cast({{ local_ts('occurred_at') }} as date) as business_date,
    case
        when kind = 'ignore' then 'out_of_scope'
        when occurred_at is null or effect_amount is null then 'unreadable'
        when report = 'settlement' then 'movement'
        when kind = 'refund' then 'refund'
        when outcome in ('failed', 'unknown') then 'attempt'
        else 'payment'
    end as row_kind
from identified
