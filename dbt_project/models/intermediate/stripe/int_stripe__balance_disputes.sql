-- Disputes as the balance shows them: what was taken, and whether it came back.
with balance as (

    select * from {{ ref('stg_stripe__balance') }}
    where row_kind = 'movement' and movement_kind = 'dispute' and dispute_key is not null

),

reversals as (

    select dispute_key, max(created_at) as reversed_at
    from {{ ref('stg_stripe__balance') }}
    where movement_kind = 'dispute_reversal' and dispute_key is not null
    group by dispute_key

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    'stripe_balance' as source,
    'stripe' as provider,
    balance.dispute_key,
    balance.charge_key as capture_key,
    orders.order_key,
    cast(null as varchar) as wallet,
    balance.created_at as opened_at,
    cast(null as timestamp) as evidence_due_at,
    reversals.reversed_at as closed_at,
    balance.business_date,
    'chargeback' as dispute_stage,
    -- Money that has not come back may still: the report has no word for lost.
    case when reversals.dispute_key is not null then 'won' else 'unknown' end as dispute_status,
    balance.dispute_reason,
    balance.currency,
    abs(coalesce(balance.gross, balance.net)) as disputed_amount,
    balance.fee as fee_amount,
    balance.currency as fee_currency,
    false as is_test,
    3 as source_rank,
    true as is_derived,
    balance.is_resaved,
    balance.export_date,
    balance.ingested_at,
    balance.content_hash,
    balance.file_sha256,
    balance.row_number,
    balance.source_file
from balance
left join reversals on balance.dispute_key = reversals.dispute_key
left join orders on balance.charge_key = orders.payment_key
