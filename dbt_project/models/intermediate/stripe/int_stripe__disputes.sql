-- The dispute that a payment's own row tells of. It has no id there, so it only stands in where no
-- other export lists it.
with disputed as (

    select *
    from {{ ref('stg_stripe__payments') }}
    where row_kind = 'capture' and dispute_status is not null and dispute_opened_at is not null

),

listed as (

    select capture_key from {{ ref('int_stripe__api_disputes') }}
    union
    select capture_key from {{ ref('int_stripe__balance_disputes') }}

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    'stripe_payments' as source,
    'stripe' as provider,
    {{ derived_key(['disputed.capture_key', "'dispute'"]) }} as dispute_key,
    disputed.capture_key,
    orders.order_key,
    disputed.wallet,
    disputed.dispute_opened_at as opened_at,
    disputed.dispute_due_at as evidence_due_at,
    cast(null as timestamp) as closed_at,
    cast({{ local_ts('disputed.dispute_opened_at') }} as date) as business_date,
    {{ stripe_dispute_stage('disputed.dispute_status') }} as dispute_stage,
    {{ stripe_dispute_status('disputed.dispute_status') }} as dispute_status,
    disputed.dispute_reason,
    disputed.currency,
    coalesce(disputed.disputed_amount, disputed.amount) as disputed_amount,
    cast(null as decimal(18, 4)) as fee_amount,
    cast(null as varchar) as fee_currency,
    disputed.is_test,
    2 as source_rank,
    true as is_derived,
    disputed.is_resaved,
    disputed.export_date,
    disputed.ingested_at,
    disputed.content_hash,
    disputed.file_sha256,
    disputed.row_number,
    disputed.source_file
from disputed
left join orders on disputed.payment_key = orders.payment_key
where not exists (select 1 from listed where listed.capture_key = disputed.capture_key)
