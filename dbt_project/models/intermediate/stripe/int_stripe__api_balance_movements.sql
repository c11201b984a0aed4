with objects as (

    select * from {{ ref('stg_stripe__objects') }} where row_kind = 'movement'

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

),

refunds as (

    select refund_key, min(charge_key) as charge_key
    from {{ ref('stg_stripe__objects') }}
    where object = 'refund'
    group by refund_key

)

select
    'stripe_api' as source,
    'stripe' as provider,
    objects.movement_key,
    {{ stripe_movement_kind('objects.reporting_category') }} as movement_kind,
    objects.reporting_category as provider_type,
    cast(null as varchar) as account,
    case
        when objects.source_id like 'ch!_%' escape '!' or objects.source_id like 'py!_%' escape '!'
            then objects.source_key
        else refunds.charge_key
    end as capture_key,
    objects.refund_key,
    objects.dispute_key,
    objects.payout_key,
    orders.order_key,
    cast(null as varchar) as wallet,
    objects.created_at as occurred_at,
    objects.available_at,
    objects.business_date,
    'second' as time_precision,
    objects.currency,
    case when {{ stripe_movement_kind('objects.reporting_category') }} <> 'fee' then objects.amount end
        as gross_amount,
    case
        when {{ stripe_movement_kind('objects.reporting_category') }} = 'fee' then -objects.net
        else objects.fee
    end as fee_amount,
    objects.net as net_amount,
    cast(null as decimal(18, 4)) as balance_after,
    case when objects.age = 1 then 3 else 5 end as source_rank,
    false as is_derived,
    objects.is_resaved,
    objects.export_date,
    objects.ingested_at,
    objects.content_hash,
    objects.file_sha256,
    objects.row_number,
    objects.source_file
from objects
left join refunds on objects.refund_key = refunds.refund_key
left join orders on coalesce(refunds.charge_key, objects.source_key) = orders.payment_key
