with lines as (

    select * from {{ ref('int_antom__linked') }} where row_kind = 'movement'

)

select
    'antom_report' as source,
    'antom' as provider,
    event_key as movement_key,
    case kind when 'revocation' then 'refund' else kind end as movement_kind,
    transaction_type as provider_type,
    cast(null as varchar) as account,
    capture_key,
    case when kind in ('refund', 'revocation') then event_key end as refund_key,
    case when kind = 'dispute' then event_key end as dispute_key,
    cast(null as uuid) as payout_key,
    payment_order_key as order_key,
    wallet,
    coalesce(settled_at, transacted_at) as occurred_at,
    settled_at as available_at,
    settlement_date as business_date,
    'second' as time_precision,
    settlement_currency as currency,
    cast(
        case when fee_currency = settlement_currency then net_amount + coalesce(fee_amount, 0) end
        as decimal(18, 4)
    ) as gross_amount,
    case when fee_currency = settlement_currency then fee_amount end as fee_amount,
    net_amount,
    cast(null as decimal(18, 4)) as balance_after,
    1 as source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from lines
