with lines as (

    select *
    from {{ ref('int_adyen__settlement_lines') }}
    where copy_rank = 1 and movement_kind in ('refund', 'refund_failure')

),

-- A refund that came back has a second row of its reference.
judged as (

    select
        *,
        max(case when movement_kind = 'refund_failure' then 1 else 0 end)
            over (partition by refund_key) = 1 as is_reversed
    from lines

)

select
    'adyen_settlement' as source,
    'adyen' as provider,
    'refund' as refund_kind,
    coalesce(refund_key, movement_key) as refund_key,
    capture_key,
    order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as operator_key,
    wallet,
    cast(null as timestamp) as requested_at,
    created_at as accepted_at,
    case when not is_reversed then booked_at end as completed_at,
    business_date,
    'second' as time_precision,
    case when is_reversed then 'failed' else 'succeeded' end as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    coalesce(gross_currency, net_currency) as currency,
    abs(coalesce(gross_amount, net_amount)) as requested_amount,
    abs(coalesce(gross_amount, net_amount)) as refund_amount,
    case when fee_amount < 0 then -fee_amount end as fee_returned_amount,
    net_currency as fee_currency,
    false as is_test,
    2 as source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from judged
where movement_kind = 'refund'
