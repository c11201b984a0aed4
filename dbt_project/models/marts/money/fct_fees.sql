with captures as (

    select * from {{ ref('fct_captures') }} where fee_amount is not null

),

refunds as (

    select * from {{ ref('fct_refunds') }}
    where fee_returned_amount is not null and refund_status <> 'failed'

),

movements as (

    select * from {{ ref('fct_balance_movements') }} where movement_kind in ('fee', 'fee_refund')

),

disputes as (

    select * from {{ ref('fct_disputes') }} where fee_amount is not null

),

-- What an account or funds bill books as a fee of its own is the truth about this payment: the rate that
-- a trade bill prints beside the payment is then not counted again.
booked as (

    select distinct capture_key, movement_kind from movements where capture_key is not null

),

unioned as (

    select
        capture_key as fee_key,
        'payment' as fee_kind,
        provider,
        wallet,
        capture_key,
        cast(null as uuid) as refund_key,
        order_key,
        business_date,
        fee_currency as currency,
        fee_amount,
        case
            when fee_currency = currency then amount
            when fee_currency = settlement_currency then settlement_amount
        end as base_amount,
        is_test,
        source,
        file_sha256,
        file_member,
        row_number
    from captures
    where not exists (
        select 1 from booked
        where booked.capture_key = captures.capture_key and booked.movement_kind = 'fee'
    )

    union all

    select
        refund_key,
        'returned_with_refund',
        provider,
        wallet,
        capture_key,
        refund_key,
        order_key,
        business_date,
        coalesce(fee_currency, currency),
        -fee_returned_amount,
        cast(null as decimal(18, 4)),
        is_test,
        source,
        file_sha256,
        file_member,
        row_number
    from refunds
    where not exists (
        select 1 from booked
        where booked.capture_key = refunds.capture_key and booked.movement_kind = 'fee_refund'
    )

    union all

    select
        movements.movement_key,
        case
            when movements.movement_kind = 'fee_refund' then 'returned_with_refund'
            when movements.capture_key is not null then 'payment'
            else 'account'
        end,
        movements.provider,
        movements.wallet,
        movements.capture_key,
        movements.refund_key,
        movements.order_key,
        movements.business_date,
        movements.currency,
        -movements.net_amount,
        case
            when movements.movement_kind = 'fee' and fee_payments.currency = movements.currency
                then fee_payments.amount
            when movements.movement_kind = 'fee'
                and fee_payments.settlement_currency = movements.currency
                then fee_payments.settlement_amount
        end,
        coalesce(fee_payments.is_test, false),
        movements.source,
        movements.file_sha256,
        movements.file_member,
        movements.row_number
    from movements
    left join {{ ref('fct_captures') }} as fee_payments
        on movements.capture_key = fee_payments.capture_key

    union all

    select
        dispute_key,
        'dispute',
        provider,
        wallet,
        capture_key,
        cast(null as uuid),
        order_key,
        business_date,
        coalesce(fee_currency, currency),
        fee_amount,
        cast(null as decimal(18, 4)),
        is_test,
        source,
        file_sha256,
        file_member,
        row_number
    from disputes

),

-- An account may book several fees of one payment (its own, and one for paying in instalments): the
-- payment is the base of all of them together, and counts once.
counted as (

    select
        *,
        case when base_amount is not null then
            row_number() over (partition by capture_key, currency, fee_kind order by fee_key)
        end as fee_of_payment
    from unioned

)

select
    fee_key,
    fee_kind,
    provider,
    wallet,
    capture_key,
    refund_key,
    order_key,
    business_date,
    currency,
    cast(fee_amount as decimal(18, 4)) as fee_amount,
    cast(case when fee_of_payment > 1 then 0 else base_amount end as decimal(18, 4)) as base_amount,
    is_test,
    source,
    file_sha256,
    file_member,
    row_number
from counted
