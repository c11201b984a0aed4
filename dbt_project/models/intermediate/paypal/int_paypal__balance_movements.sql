with transactions as (

    select * from {{ ref('int_paypal__transactions') }} where row_kind = 'movement'

)

select
    source,
    'paypal' as provider,
    movement_key,
    movement_kind,
    event_code as provider_type,
    cast(null as varchar) as account,
    case
        when movement_kind = 'payment' then capture_key
        when movement_kind in ('refund', 'dispute', 'dispute_reversal') then referenced_capture_key
    end as capture_key,
    case when movement_kind = 'refund' then refund_key end as refund_key,
    case when movement_kind in ('dispute', 'dispute_reversal') then dispute_key end as dispute_key,
    cast(null as uuid) as payout_key,
    order_key,
    case when movement_kind in ('payment', 'refund', 'dispute', 'dispute_reversal') then 'paypal' end
        as wallet,
    occurred_at,
    cast(null as timestamp) as available_at,
    business_date,
    'second' as time_precision,
    currency,
    gross_amount,
    case when fee_currency = currency then fee_amount end as fee_amount,
    -- A fee in another currency leaves the balance of that one.
    cast(
        gross_amount - case when fee_currency = currency then coalesce(fee_amount, 0) else 0 end
        as decimal(18, 4)
    ) as net_amount,
    balance_after,
    source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from transactions
