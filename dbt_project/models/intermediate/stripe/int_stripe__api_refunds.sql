with objects as (

    select * from {{ ref('stg_stripe__objects') }} where row_kind = 'refund'

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    'stripe_api' as source,
    'stripe' as provider,
    'refund' as refund_kind,
    objects.refund_key,
    coalesce(objects.charge_key, orders.attempt_key) as capture_key,
    orders.order_key,
    objects.user_key,
    objects.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as operator_key,
    cast(null as varchar) as wallet,
    objects.created_at as requested_at,
    objects.created_at as accepted_at,
    -- A refund has no time of its end; the event that tells of it has. Created and done at once is no
    -- turnaround: Stripe calls a refund succeeded when it has sent it.
    case
        when objects.status = 'succeeded' and objects.event_at > objects.created_at
            then objects.event_at
    end as completed_at,
    objects.business_date,
    'second' as time_precision,
    case
        when objects.status = 'succeeded' then 'succeeded'
        when objects.status in ('pending', 'requires_action') then 'pending'
        when objects.status in ('failed', 'canceled') then 'failed'
        else 'unknown'
    end as refund_status,
    objects.reason as refund_reason,
    objects.failure_reason,
    objects.currency,
    objects.amount as requested_amount,
    objects.amount as refund_amount,
    cast(null as decimal(18, 4)) as fee_returned_amount,
    cast(null as varchar) as fee_currency,
    objects.is_test,
    case when objects.age = 1 then 1 else 5 end as source_rank,
    false as is_derived,
    objects.is_resaved,
    objects.export_date,
    objects.ingested_at,
    objects.content_hash,
    objects.file_sha256,
    objects.row_number,
    objects.source_file
from objects
left join orders on coalesce(objects.charge_key, objects.intent_key) = orders.payment_key
