with balance as (

    select * from {{ ref('stg_stripe__balance') }} where row_kind = 'movement'

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    'stripe_balance' as source,
    'stripe' as provider,
    balance.movement_key,
    balance.movement_kind,
    balance.reporting_category as provider_type,
    cast(null as varchar) as account,
    balance.charge_key as capture_key,
    balance.refund_key,
    balance.dispute_key,
    balance.payout_key,
    orders.order_key,
    cast(null as varchar) as wallet,
    balance.created_at as occurred_at,
    balance.available_at,
    balance.business_date,
    'second' as time_precision,
    balance.currency,
    -- Fees that belong to no payment are rows with a negative gross and a fee of 0.
    case when balance.movement_kind <> 'fee' then balance.gross end as gross_amount,
    case when balance.movement_kind = 'fee' then -balance.net else balance.fee end as fee_amount,
    balance.net as net_amount,
    cast(null as decimal(18, 4)) as balance_after,
    -- A reconciliation report knows the payout besides.
    case when balance.is_reconciled then 1 else 2 end as source_rank,
    false as is_derived,
    balance.is_resaved,
    balance.export_date,
    balance.ingested_at,
    balance.content_hash,
    balance.file_sha256,
    balance.row_number,
    balance.source_file
from balance
left join orders on balance.charge_key = orders.payment_key
