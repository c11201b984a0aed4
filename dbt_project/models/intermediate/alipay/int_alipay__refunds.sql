with bill as (

    select refunds.*, fee_signs.charge_sign
    from {{ ref('stg_alipay__trade_bill') }} as refunds
    left join {{ ref('int_alipay__fee_signs') }} as fee_signs
        on refunds.file_sha256 = fee_signs.file_sha256
    where refunds.row_kind = 'refund'

),

-- Payments of which the account bill shows that a fee came back.
fees_returned as (

    select distinct capture_key
    from {{ ref('int_alipay__balance_movements') }}
    where movement_kind = 'fee_refund' and capture_key is not null

)

select
    'alipay_trade_bill' as source,
    'alipay' as provider,
    row_kind as refund_kind,
    bill.refund_key,
    bill.capture_key,
    bill.order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    operator_key,
    'alipay' as wallet,
    -- 创建时间 of a refund row is the payment's, so only the end of an Alipay refund is known.
    cast(null as timestamp) as requested_at,
    cast(null as timestamp) as accepted_at,
    finished_at as completed_at,
    business_date,
    time_precision,
    'succeeded' as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    'CNY' as currency,
    order_amount as requested_amount,
    received_amount as refund_amount,
    -- Where nothing tells whether a fee was given back or charged once more, it is not known.
    cast(
        case
            when coalesce(printed_service_fee, 0) = 0 then printed_service_fee
            when charge_sign is not null then -charge_sign * printed_service_fee
            when fees_returned.capture_key is not null then service_fee
        end as decimal(18, 4)
    ) as fee_returned_amount,
    'CNY' as fee_currency,
    false as is_test,
    1 as source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from bill
left join fees_returned on bill.capture_key = fees_returned.capture_key
