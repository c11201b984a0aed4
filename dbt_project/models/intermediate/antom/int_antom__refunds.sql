with lines as (

    select * from {{ ref('int_antom__linked') }}
    where kind in ('refund', 'revocation')

)

select
    'antom_report' as source,
    'antom' as provider,
    kind as refund_kind,
    event_key as refund_key,
    capture_key,
    payment_order_key as order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as operator_key,
    wallet,
    cast(null as timestamp) as requested_at,
    transacted_at as accepted_at,
    cast(null as timestamp) as completed_at,
    business_date,
    'second' as time_precision,
    case
        when transaction_status is null or transaction_status = 'SUCCESS' then 'succeeded'
        when transaction_status in ('PROCESSING', 'PENDING') then 'pending'
        when transaction_status in ('FAIL', 'CANCELLED') then 'failed'
        else 'unknown'
    end as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    currency,
    amount as requested_amount,
    amount as refund_amount,
    -fee_amount as fee_returned_amount,
    case when fee_amount is not null then fee_currency end as fee_currency,
    false as is_test,
    case when row_kind = 'movement' then 2 else 1 end as source_rank,
    row_kind = 'movement' as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from lines
