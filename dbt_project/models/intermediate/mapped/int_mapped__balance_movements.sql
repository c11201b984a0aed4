with movements as (

    select * from {{ ref('stg_mapped__exports') }} where row_kind = 'movement'

)

select
    'mapped_exports' as source,
    provider,
    coalesce(entry_key, content_key) as movement_key,
    kind as movement_kind,
    mapping as provider_type,
    cast(null as varchar) as account,
    case
        when kind = 'payment' then payment_key
        when kind = 'refund' then refunded_capture_key
        else own_capture_key
    end as capture_key,
    case when kind = 'refund' then refund_key end as refund_key,
    cast(null as uuid) as dispute_key,
    payout_key,
    order_key,
    wallet,
    occurred_at,
    cast(null as timestamp) as available_at,
    business_date,
    'second' as time_precision,
    currency,
    effect_amount as gross_amount,
    coalesce(fee_amount, 0) as fee_amount,
    coalesce(net_amount, effect_amount - coalesce(fee_amount, 0)) as net_amount,
    cast(null as decimal(18, 4)) as balance_after,
    2 as source_rank,
    false as is_derived,
    false as is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from movements
