with lines as (

    select
        *,
        case when row_kind = 'payment' then 1 else -1 end as direction
    from {{ ref('int_alipay__global_linked') }}
    where is_settled

)

select
    'alipay_global' as source,
    'alipay_global' as provider,
    event_key as movement_key,
    case when row_kind = 'payment' then 'payment' else 'refund' end as movement_kind,
    row_kind as provider_type,
    cast(null as varchar) as account,
    capture_key,
    case when row_kind <> 'payment' then event_key end as refund_key,
    cast(null as uuid) as dispute_key,
    cast(null as uuid) as payout_key,
    payment_order_key as order_key,
    wallet,
    coalesce(settled_at, paid_at) as occurred_at,
    settled_at as available_at,
    settlement_date as business_date,
    time_precision,
    settlement_currency as currency,
    cast(direction * settled_gross as decimal(18, 4)) as gross_amount,
    cast(direction * fee as decimal(18, 4)) as fee_amount,
    cast(direction * settled_net as decimal(18, 4)) as net_amount,
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
