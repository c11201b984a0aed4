with account_rows as (

    select * from {{ ref('stg_alipay__account_bill') }} where row_kind = 'movement'

),

payments as (

    select capture_key, min(order_key) as order_key
    from {{ ref('stg_alipay__trade_bill') }}
    where row_kind = 'payment'
    group by capture_key

),

-- A line whose numbers no trade bill knows still names the order; one with a single payment is clear.
orders as (

    select order_key, min(capture_key) as capture_key
    from payments
    group by order_key
    having count(*) = 1

),

linked as (

    select
        account_rows.*,
        coalesce(
            by_base.capture_key,
            by_number.capture_key,
            -- An order may be paid twice, so the order alone never says which payment a payment is.
            case when account_rows.movement_kind <> 'payment' then orders.capture_key end,
            account_rows.base_capture_key,
            account_rows.capture_key
        ) as payment_key,
        coalesce(by_base.order_key, by_number.order_key, account_rows.order_key) as payment_order
    from account_rows
    left join payments as by_base on account_rows.base_capture_key = by_base.capture_key
    left join payments as by_number on account_rows.capture_key = by_number.capture_key
    left join orders on account_rows.order_key = orders.order_key

)

select
    'alipay_account_bill' as source,
    'alipay' as provider,
    movement_key,
    movement_kind,
    provider_type,
    cast(null as varchar) as account,
    case
        when movement_kind in ('payment', 'refund', 'fee', 'fee_refund') then payment_key
    end as capture_key,
    cast(null as uuid) as refund_key,
    cast(null as uuid) as dispute_key,
    cast(null as uuid) as payout_key,
    case
        when movement_kind in ('payment', 'refund', 'fee', 'fee_refund') then payment_order
    end as order_key,
    'alipay' as wallet,
    product_key,
    booked_at as occurred_at,
    cast(null as timestamp) as available_at,
    business_date,
    time_precision,
    'CNY' as currency,
    case when movement_kind not in ('fee', 'fee_refund') then net_amount end as gross_amount,
    case when movement_kind in ('fee', 'fee_refund') then -net_amount end as fee_amount,
    net_amount,
    balance_after,
    1 as source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from linked
