with events as (

    select * from {{ ref('int_adyen__events') }} where copy_rank = 1 and refund_key is not null

),

steps as (

    select
        *,
        min(case when event_type = 'sent_for_refund' then booked_at end)
            over (partition by refund_key) as requested_at,
        max(case when event_type = 'refunded' then booked_at end)
            over (partition by refund_key) as completed_at,
        max(case when event_type = 'refund_failed' then 1 else 0 end)
            over (partition by refund_key) = 1 as is_failed,
        row_number() over (partition by refund_key order by booked_at, event_key) as step
    from events
    where event_type in ('sent_for_refund', 'refunded', 'refund_failed')

)

select
    'adyen_accounting' as source,
    'adyen' as provider,
    'refund' as refund_kind,
    refund_key,
    capture_key,
    order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as operator_key,
    wallet,
    requested_at,
    requested_at as accepted_at,
    case when not is_failed then completed_at end as completed_at,
    business_date,
    'second' as time_precision,
    case
        when is_failed then 'failed'
        when completed_at is not null then 'succeeded'
        else 'pending'
    end as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    currency,
    amount as requested_amount,
    amount as refund_amount,
    cast(null as decimal(18, 4)) as fee_returned_amount,
    settlement_currency as fee_currency,
    false as is_test,
    1 as source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from steps
where step = 1
