with transactions as (

    select * from {{ ref('int_paypal__transactions') }} 
    where row_kind = 'movement' and movement_kind in ('dispute', 'dispute_reversal')

)

select
    source,
    'paypal' as provider,
    dispute_key,
    referenced_capture_key as capture_key,
    order_key,
    'paypal' as wallet,
    case when movement_kind = 'dispute' then initiated_at end as opened_at,
    cast(null as timestamp) as evidence_due_at,
    case when movement_kind = 'dispute_reversal' or event_code = 'T1106' then occurred_at end
        as closed_at,
    business_date,
    'chargeback' as dispute_stage,
    -- PayPal reverses a payment (T1106) when a case has been decided; a bank's chargeback is open.
    case
        when movement_kind = 'dispute_reversal' then 'won'
        when event_code = 'T1106' then 'lost'
        else 'open'
    end as dispute_status,
    cast(null as varchar) as dispute_reason,
    currency,
    abs(gross_amount) as disputed_amount,
    cast(null as decimal(18, 4)) as fee_amount,
    cast(null as varchar) as fee_currency,
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
