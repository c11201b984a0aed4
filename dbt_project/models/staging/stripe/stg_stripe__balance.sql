with report as (

    select * from {{ source('lake', 'stripe_balance') }}

),

typed as (

    select
        cast(movement_key as uuid) as movement_key,
        cast(charge_key as uuid) as charge_key,
        cast(intent_key as uuid) as intent_key,
        cast(refund_key as uuid) as refund_key,
        cast(dispute_key as uuid) as dispute_key,
        cast(payout_key as uuid) as payout_key,
        cast(payer_key as uuid) as payer_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,

        reporting_category,
        payment_method_type as payment_type,
        {{ card_brand('card_brand') }} as funding_brand,
        upper(card_country) as country,
        dispute_reason,
        automatic_payout_id is not null as is_reconciled,

        {{ bill_time('created_utc') }} as created_at,
        {{ bill_time('available_on_utc') }} as available_at,

        currency,
        {{ amount('gross') }} as gross,
        {{ amount('fee') }} as fee,
        {{ amount('net') }} as net,
        {{ amount('customer_facing_amount') }} as customer_facing_amount,
        customer_facing_currency,

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
    case when created_at is null or net is null then 'unreadable' else 'movement' end as row_kind,
    {{ stripe_movement_kind('reporting_category') }} as movement_kind,
    cast({{ local_ts('created_at') }} as date) as business_date
from typed
