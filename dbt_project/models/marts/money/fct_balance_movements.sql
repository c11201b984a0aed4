with movements as (

    select * from {{ ref('int_balance_movements__deduplicated') }}

),

captures as (

    select capture_key, order_key, wallet from {{ ref('fct_captures') }}

)

select
    movements.movement_key,
    movements.provider,
    movements.movement_kind,
    movements.provider_type,
    movements.account,
    movements.capture_key,
    movements.refund_key,
    movements.dispute_key,
    movements.payout_key,
    coalesce(movements.order_key, captures.order_key) as order_key,
    coalesce(movements.wallet, captures.wallet) as wallet,
    movements.occurred_at,
    movements.available_at,
    movements.business_date,
    movements.time_precision,
    movements.currency,
    movements.gross_amount,
    movements.fee_amount,
    movements.net_amount,
    movements.balance_after,
    movements.is_derived,
    movements.source,
    movements.file_sha256,
    {{ archive_member('movements.source_file') }} as file_member,
    movements.row_number
from movements
left join captures on movements.capture_key = captures.capture_key
