with bill as (

    select * from {{ ref('stg_wechat_pay__global_bill') }}
    where row_kind in ('refund', 'revocation')

)

select
    'wechat_global_bill' as source,
    'wechat_pay' as provider,
    row_kind as refund_kind,
    coalesce(refund_key, {{ derived_key(['capture_key', 'row_kind', 'requested_refund_amount']) }})
        as refund_key,
    capture_key,
    order_key,
    cast(null as uuid) as user_key,
    user_openid_key as payer_key,
    'wechat_openid' as payer_scope,
    cast(null as uuid) as operator_key,
    'wechat_pay' as wallet,
    cast(null as timestamp) as requested_at,
    traded_at as accepted_at,
    cast(null as timestamp) as completed_at,
    business_date,
    time_precision,
    case
        when refund_status = 'SUCCESS' then 'succeeded'
        -- A snapshot of the day of the bill: it is never corrected later.
        when refund_status = 'PROCESSING' then 'pending'
        when refund_status in ('FAIL', 'CHANGE', 'CLOSED', 'REFUNDCLOSE', 'ABNORMAL') then 'failed'
        when row_kind = 'revocation' then 'succeeded'
        else 'unknown'
    end as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    currency,
    -- Both in the currency of the price: the settled part has another one.
    requested_refund_amount as requested_amount,
    requested_refund_amount as refund_amount,
    -fee as fee_returned_amount,
    coalesce(refund_settlement_currency, settlement_currency, currency) as fee_currency,
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
