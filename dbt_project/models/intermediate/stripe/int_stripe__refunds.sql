-- What payments gave back by their own word, beyond the refunds that other exports list one by one.
with stated as (

    select * from {{ ref('int_stripe__refunds_stated') }}

),

itemised as (

    select capture_key, refund_key, refund_amount, currency
    from {{ ref('int_stripe__api_refunds') }}
    where refund_status <> 'failed' and capture_key is not null
    union
    select capture_key, refund_key, refund_amount, currency
    from {{ ref('int_stripe__balance_refunds') }}
    where refund_status <> 'failed' and capture_key is not null

),

-- A refund that two reports tell of in two currencies is one.
refunds as (

    select capture_key, refund_key, min(currency) as currency, min(refund_amount) as refund_amount
    from itemised
    group by capture_key, refund_key

),

listed as (

    select
        capture_key,
        sum(refund_amount) as refund_amount,
        min(currency) as first_currency,
        max(currency) as last_currency
    from refunds
    group by capture_key

),

remaining as (

    select
        stated.*,
        case
            when listed.capture_key is null then stated.amount_refunded
            -- In another currency nothing can be told apart: the list is taken to be whole.
            when listed.first_currency = stated.currency and listed.last_currency = stated.currency
                then stated.amount_refunded - listed.refund_amount
            else 0
        end as remaining_amount
    from stated
    left join listed on stated.capture_key = listed.capture_key

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    remaining.source,
    'stripe' as provider,
    'refund' as refund_kind,
    {{ derived_key(['remaining.capture_key', "'not itemised'"]) }} as refund_key,
    remaining.capture_key,
    orders.order_key,
    remaining.user_key,
    remaining.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as operator_key,
    remaining.wallet,
    cast(null as timestamp) as requested_at,
    remaining.last_refunded_at as accepted_at,
    cast(null as timestamp) as completed_at,
    coalesce(cast({{ local_ts('remaining.last_refunded_at') }} as date), remaining.business_date)
        as business_date,
    remaining.time_precision,
    'succeeded' as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    remaining.currency,
    remaining.remaining_amount as requested_amount,
    remaining.remaining_amount as refund_amount,
    cast(null as decimal(18, 4)) as fee_returned_amount,
    cast(null as varchar) as fee_currency,
    remaining.is_test,
    4 as source_rank,
    true as is_derived,
    remaining.is_resaved,
    remaining.export_date,
    remaining.ingested_at,
    remaining.content_hash,
    remaining.file_sha256,
    remaining.row_number,
    remaining.source_file
from remaining
left join orders on remaining.capture_key = orders.payment_key
where remaining.remaining_amount > 0
