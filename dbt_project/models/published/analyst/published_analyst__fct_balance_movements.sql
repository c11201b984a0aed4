{{ config(alias='fct_balance_movements') }}

with movements as (

    select * from {{ ref('fct_balance_movements') }}

)

select
    movement_key,
    provider,
    movement_kind,
    provider_type,
    capture_key,
    refund_key,
    dispute_key,
    payout_key,
    order_key,
    wallet,
    date_trunc('hour', occurred_at) as occurred_hour,
    date_trunc('hour', available_at) as available_hour,
    business_date,
    time_precision,
    currency,
    gross_amount,
    fee_amount,
    net_amount,
    balance_after,
    source,
    file_sha256,
    row_number
from movements
