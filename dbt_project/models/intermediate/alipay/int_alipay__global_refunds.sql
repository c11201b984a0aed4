with lines as (

    select * from {{ ref('int_alipay__global_linked') }}
    where row_kind in ('refund', 'revocation')

)

select
    'alipay_global' as source,
    'alipay_global' as provider,
    row_kind as refund_kind,
    event_key as refund_key,
    capture_key,
    payment_order_key as order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as operator_key,
    wallet,
    cast(null as timestamp) as requested_at,
    paid_at as accepted_at,
    cast(null as timestamp) as completed_at,
    business_date,
    time_precision,
    case when status in ('F', 'FAIL', 'FAILED') then 'failed' else 'succeeded' end as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    currency,
    amount as requested_amount,
    amount as refund_amount,
    fee as fee_returned_amount,
    settlement_currency as fee_currency,
    false as is_test,
    case when is_settled then 1 else 2 end as source_rank,
    is_settled as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from lines
