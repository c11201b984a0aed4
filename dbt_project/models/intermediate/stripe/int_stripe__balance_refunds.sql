with balance as (

    select * from {{ ref('stg_stripe__balance') }}
    where row_kind = 'movement' and movement_kind = 'refund' and refund_key is not null

),

-- A refund that failed comes back as a movement of its own.
failures as (

    select distinct refund_key
    from {{ ref('stg_stripe__balance') }}
    where movement_kind = 'refund_failure' and refund_key is not null

),

stated as (

    select * from {{ ref('int_stripe__refunds_stated') }}

),

-- The report is in the balance's currency. What the payer got is in the payment's own row, for all its
-- refunds together: it is shared out in proportion, to the cent, so that the parts add up to it.
shares as (

    select
        movement_key,
        file_sha256,
        source_file,
        row_number,
        sum(abs(gross)) over (partition by file_sha256, source_file, charge_key) as total,
        sum(abs(gross)) over (
            partition by file_sha256, source_file, charge_key
            order by created_at, movement_key
            rows between unbounded preceding and current row
        ) as running
    from balance
    where charge_key is not null

),

amounts as (

    select
        balance.*,
        coalesce(balance.customer_facing_currency, stated.currency, balance.currency)
            as refund_currency,
        case
            when balance.customer_facing_amount is not null then abs(balance.customer_facing_amount)
            when stated.currency <> balance.currency
                then round({{ share('stated.amount_refunded * shares.running', 'shares.total') }}, 2)
                - round({{ share(
                    'stated.amount_refunded * (shares.running - abs(balance.gross))', 'shares.total'
                ) }}, 2)
            else abs(coalesce(balance.gross, balance.net))
        end as amount
    from balance
    left join shares
        on balance.movement_key = shares.movement_key
        and balance.file_sha256 = shares.file_sha256
        and balance.source_file = shares.source_file
        and balance.row_number = shares.row_number
    left join stated on balance.charge_key = stated.capture_key

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

)

select
    'stripe_balance' as source,
    'stripe' as provider,
    'refund' as refund_kind,
    balance.refund_key,
    balance.charge_key as capture_key,
    coalesce(orders.order_key, balance.refund_key) as order_key,
    balance.user_key,
    balance.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as operator_key,
    cast(null as varchar) as wallet,
    cast(null as timestamp) as requested_at,
    balance.created_at as accepted_at,
    cast(null as timestamp) as completed_at,
    balance.business_date,
    'second' as time_precision,
    case when failures.refund_key is null then 'succeeded' else 'failed' end as refund_status,
    cast(null as varchar) as refund_reason,
    cast(null as varchar) as failure_reason,
    balance.refund_currency as currency,
    balance.amount as requested_amount,
    balance.amount as refund_amount,
    cast(null as decimal(18, 4)) as fee_returned_amount,
    cast(null as varchar) as fee_currency,
    false as is_test,
    3 as source_rank,
    true as is_derived,
    balance.is_resaved,
    balance.export_date,
    balance.ingested_at,
    balance.content_hash,
    balance.file_sha256,
    balance.row_number,
    balance.source_file
from amounts as balance
left join failures on balance.refund_key = failures.refund_key
left join orders on balance.charge_key = orders.payment_key
