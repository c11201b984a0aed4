with transactions as (

    select * from {{ ref('int_paypal__transactions') }} 
    where row_kind = 'movement' and movement_kind = 'refund'

)

select
    source,
    'paypal' as provider,
    'refund' as refund_kind,
    refund_key,
    referenced_capture_key as capture_key,
    order_key,
    cast(null as uuid) as user_key,
    payer_key,
    payer_scope,
    cast(null as uuid) as operator_key,
    'paypal' as wallet,
    cast(null as timestamp) as requested_at,
    initiated_at as accepted_at,
    -- The settlement lists what has reached the balance.
    case when source = 'paypal_settlement' then occurred_at end as completed_at,
    business_date,
    'second' as time_precision,
    'succeeded' as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    currency,
    -gross_amount as requested_amount,
    -gross_amount as refund_amount,
    case when fee_amount < 0 then -fee_amount end as fee_returned_amount,
    fee_currency,
    false as is_test,
    source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from transactions
