-- Refunds that only the account bill knows. Its lines do not name the refund, so one of the same payment
-- on the same day in a trade bill is taken for the same.
with movements as (

    select * from {{ ref('int_alipay__balance_movements') }} where movement_kind = 'refund'

)

select
    'alipay_account_bill' as source,
    'alipay' as provider,
    'refund' as refund_kind,
    movement_key as refund_key,
    capture_key,
    order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as operator_key,
    'alipay' as wallet,
    cast(null as timestamp) as requested_at,
    cast(null as timestamp) as accepted_at,
    occurred_at as completed_at,
    business_date,
    time_precision,
    'succeeded' as refund_status,
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
    from {{ ref('stg_alipay__trade_bill') }} as billed
    where
        billed.row_kind = 'refund'
        and billed.capture_key = movements.capture_key
        and billed.business_date = movements.business_date
)
