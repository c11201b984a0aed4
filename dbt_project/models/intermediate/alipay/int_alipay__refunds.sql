with bill as (

    select * from {{ ref('stg_alipay__trade_bill') }} where row_kind = 'refund'

)

select
    'alipay_trade_bill' as source,
    'alipay' as provider,
    row_kind as refund_kind,
    refund_key,
    capture_key,
    order_key,
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
    service_fee as fee_returned_amount,
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
