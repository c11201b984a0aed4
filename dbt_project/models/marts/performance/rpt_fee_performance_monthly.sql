with fees as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_fees') }}
    where not is_test

),

summed as (

    select
        month,
        provider,
        -- Fees of the account (monthly, network, radar) belong to no wallet.
        coalesce(wallet, 'unallocated') as wallet,
        currency,
        {{ measures('fee', ['fee_captures', 'fee_amount', 'fee_base_amount']) }},
        sum(case when fee_kind = 'payment' then fee_amount else 0 end) as payment_fees,
        sum(case when fee_kind = 'returned_with_refund' then fee_amount else 0 end) as returned_fees,
        sum(case when fee_kind = 'account' then fee_amount else 0 end) as account_fees,
        sum(case when fee_kind = 'dispute' then fee_amount else 0 end) as dispute_fees,
        sum(fee_amount) as net_fees
    from fees
    group by month, provider, coalesce(wallet, 'unallocated'), currency

)

select
    month,
    provider,
    wallet,
    currency,
    cast(fee_captures as bigint) as fee_captures,
    cast(fee_amount as decimal(38, 4)) as fee_amount,
    cast(fee_base_amount as decimal(38, 4)) as fee_base_amount,
    cast(payment_fees as decimal(38, 4)) as payment_fees,
    cast(returned_fees as decimal(38, 4)) as returned_fees,
    cast(account_fees as decimal(38, 4)) as account_fees,
    cast(dispute_fees as decimal(38, 4)) as dispute_fees,
    cast(net_fees as decimal(38, 4)) as net_fees,
    {{ metric('effective_fee_rate') }} as effective_fee_rate,
    fee_captures < 30 as is_small_sample
from summed
