with objects as (

    select * from {{ ref('stg_stripe__objects') }} where row_kind = 'dispute'

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    'stripe_api' as source,
    'stripe' as provider,
    objects.dispute_key,
    coalesce(objects.charge_key, orders.attempt_key) as capture_key,
    orders.order_key,
    cast(null as varchar) as wallet,
    objects.created_at as opened_at,
    objects.due_at as evidence_due_at,
    case
        when {{ stripe_dispute_status('objects.status') }} in ('won', 'lost', 'closed')
            then objects.event_at
    end as closed_at,
    objects.business_date,
    {{ stripe_dispute_stage('objects.status') }} as dispute_stage,
    {{ stripe_dispute_status('objects.status') }} as dispute_status,
    objects.reason as dispute_reason,
    objects.currency,
    objects.amount as disputed_amount,
    objects.dispute_fee as fee_amount,
    objects.dispute_fee_currency as fee_currency,
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
