with funds as (

    select * from {{ ref('stg_wechat_pay__funds_bill') }} where row_kind = 'movement'

),

-- The trade bill says which payment a number belongs to; the funds bill alone only has the number.
payments as (

    select transaction_id, min(capture_key) as capture_key, min(order_key) as order_key
    from {{ ref('stg_wechat_pay__trade_bill') }}
    group by transaction_id

),

refunds as (

    select refund_key, min(capture_key) as capture_key, min(order_key) as order_key
    from {{ ref('stg_wechat_pay__trade_bill') }}
    where row_kind in ('refund', 'revocation') and refund_key is not null
    group by refund_key

)

select
    'wechat_funds_bill' as source,
    'wechat_pay' as provider,
    funds.movement_key,
    funds.movement_kind,
    funds.business_type as provider_type,
    cast(null as varchar) as account,
    case
        when funds.movement_kind in ('payment', 'fee')
            then coalesce(payments.capture_key, refunds.capture_key, funds.own_capture_key)
        else coalesce(refunds.capture_key, payments.capture_key)
    end as capture_key,
    case
        when funds.movement_kind in ('refund', 'refund_failure') then funds.own_refund_key
        else refunds.refund_key
    end as refund_key,
    cast(null as uuid) as dispute_key,
    cast(null as uuid) as payout_key,
    coalesce(
        payments.order_key,
        refunds.order_key,
        case when funds.movement_kind in ('payment', 'fee') then funds.voucher_key end
    ) as order_key,
    'wechat_pay' as wallet,
    funds.booked_at as occurred_at,
    cast(null as timestamp) as available_at,
    funds.business_date,
    funds.time_precision,
    'CNY' as currency,
    case when funds.movement_kind not in ('fee', 'fee_refund') then funds.net_amount end
        as gross_amount,
    case when funds.movement_kind in ('fee', 'fee_refund') then -funds.net_amount end as fee_amount,
    funds.net_amount,
    funds.balance_after,
    1 as source_rank,
    false as is_derived,
    funds.is_resaved,
    funds.export_date,
    funds.ingested_at,
    funds.content_hash,
    funds.file_sha256,
    funds.row_number,
    funds.source_file
from funds
left join payments on funds.business_no = payments.transaction_id
left join refunds on funds.own_refund_key = refunds.refund_key
