-- Refunds that only a funds bill knows: the trade bill of their day is not there (yet).
with movements as (

    select * from {{ ref('int_wechat_pay__balance_movements') }} where movement_kind = 'refund'

)

select
    'wechat_funds_bill' as source,
    'wechat_pay' as provider,
    'refund' as refund_kind,
    coalesce(refund_key, movement_key) as refund_key,
    capture_key,
    order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as operator_key,
    'wechat_pay' as wallet,
    cast(null as timestamp) as requested_at,
    -- The money left the account; when the buyer had it is not in this bill.
    occurred_at as accepted_at,
    cast(null as timestamp) as completed_at,
    business_date,
    time_precision,
    'pending' as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    currency,
    -net_amount as requested_amount,
    -net_amount as refund_amount,
    cast(null as decimal(18, 4)) as fee_returned_amount,
    cast(null as varchar) as fee_currency,
    false as is_test,
    3 as source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from movements
where not exists (
    select 1
    from {{ ref('int_wechat_pay__refunds') }} as billed
    where billed.refund_key = movements.refund_key
)
