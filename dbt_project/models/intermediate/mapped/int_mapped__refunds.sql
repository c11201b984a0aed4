with refunds as (

    select *
    from {{ ref('stg_mapped__exports') }}
    where kind = 'refund' and row_kind in ('refund', 'movement')

)

select
    'mapped_exports' as source,
    provider,
    'refund' as refund_kind,
    refund_key,
    refunded_capture_key as capture_key,
    order_key,
    user_key,
    payer_key,
    case when payer_key is not null then provider || '_payer' end as payer_scope,
    operator_key,
    wallet,
    cast(null as timestamp) as requested_at,
    occurred_at as accepted_at,
    completed_at,
    business_date,
    'second' as time_precision,
    case coalesce(outcome, 'succeeded')
        when 'succeeded' then 'succeeded'
        when 'failed' then 'failed'
        else 'pending'
    end as refund_status,
    cast(null as varchar) as refund_reason,
    case when outcome = 'failed' then error_code end as failure_reason,
    currency,
    -effect_amount as requested_amount,
    -effect_amount as refund_amount,
    -fee_amount as fee_returned_amount,
    currency as fee_currency,
    false as is_test,
    2 as source_rank,
    row_kind = 'movement' as is_derived,
    false as is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from refunds
