-- What payments gave back by their own word. The status tells of full refunds only, so the amount
-- decides.
{{ config(materialized='table') }}

with stated as (

    select
        'stripe_payments' as source, payment_key as capture_key, user_key, payer_key, wallet,
        -- Exports before 2024 do not date refunds: the day of the payment is the earliest it can be.
        refunded_at, business_date, time_precision, currency, amount_refunded, is_test, is_resaved,
        export_date, ingested_at, content_hash, file_sha256, row_number, source_file
    from {{ ref('stg_stripe__payments') }}
    where row_kind = 'capture' and amount_refunded > 0

    union all

    select
        'stripe_api', object_key, user_key, payer_key, wallet,
        -- The event that told of it.
        case when event_type = 'charge_refunded' then event_at end,
        business_date, 'second', currency, amount_refunded, is_test, is_resaved,
        export_date, ingested_at, content_hash, file_sha256, row_number, source_file
    from {{ ref('stg_stripe__objects') }}
    where row_kind = 'capture' and amount_refunded > 0

),

-- Of several states of a payment the newest knows most: refunds grow.
ranked as (

    select
        *,
        max(refunded_at) over (partition by capture_key) as last_refunded_at,
        row_number() over (
            partition by capture_key
            order by
                amount_refunded desc, source desc, export_date desc nulls last, content_hash,
                file_sha256, source_file, row_number
        ) as preference
    from stated

)

select * from ranked where preference = 1
