with lines as (

    select * from {{ ref('int_antom__linked') }} where kind = 'dispute'

)

select
    'antom_report' as source,
    'antom' as provider,
    event_key as dispute_key,
    capture_key,
    payment_order_key as order_key,
    wallet,
    transacted_at as opened_at,
    cast(null as timestamp) as evidence_due_at,
    cast(null as timestamp) as closed_at,
    business_date,
    'chargeback' as dispute_stage,
    'open' as dispute_status,
    cast(null as varchar) as dispute_reason,
    currency,
    amount as disputed_amount,
    fee_amount,
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
