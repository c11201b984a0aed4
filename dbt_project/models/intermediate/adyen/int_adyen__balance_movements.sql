with lines as (

    select * from {{ ref('int_adyen__settlement_lines') }}

)

select
    'adyen_settlement' as source,
    'adyen' as provider,
    movement_key,
    movement_kind,
    type as provider_type,
    merchant_account as account,
    capture_key,
    case when movement_kind in ('refund', 'refund_failure') then refund_key end as refund_key,
    case when movement_kind in ('dispute', 'dispute_reversal') then dispute_key end as dispute_key,
    payout_key,
    order_key,
    wallet,
    coalesce(booked_at, created_at) as occurred_at,
    cast(null as timestamp) as available_at,
    business_date,
    'second' as time_precision,
    net_currency as currency,
    -- Before fees in the currency of the balance; the payment's own currency is in its capture.
    cast(net_amount + fee_amount as decimal(18, 4)) as gross_amount,
    fee_amount,
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
