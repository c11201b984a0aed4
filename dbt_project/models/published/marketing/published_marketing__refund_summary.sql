{{ config(alias='refund_summary') }}

with refunds as (

    select * from {{ ref('fct_refunds') }}

),

-- Failed refunds gave nothing back; a revoked payment was given back like a refund.
given_back as (

    select *, {{ month_of('business_date') }} as month
    from refunds
    where
        refund_status <> 'failed'
        and currency = {{ reporting_currency() }}
        and not is_test

),

summed as (

    select
        month,
        wallet,
        currency,
        count(distinct user_key) as users,
        {{ measures('refund', ['refunds', 'refunds_partial', 'refunds_linked', 'amount_given_back']) }},
        {{ percentile('turnaround_seconds', 0.5) }} as turnaround_seconds_p50,
        {{ percentile('turnaround_seconds', 0.9) }} as turnaround_seconds_p90
    from given_back
    group by month, wallet, currency

),

-- What a wallet gave back in all is told by `refund_breakdown`: one hidden month would follow.
shown as (

    select *, {{ is_hidden_cell('users', tie='month', by='wallet') }} as is_hidden from summed

)

select
    month,
    wallet,
    cast(users as bigint) as users,
    cast(refunds as bigint) as refunds,
    cast(refunds_linked as bigint) as refunds_linked,
    cast(refunds_partial as bigint) as refunds_partial,
    cast(amount_given_back as decimal(18, 4)) as refunded_amount,
    {{ metric('partial_share') }} as partial_share,
    turnaround_seconds_p50 / cast(3600 as double) as turnaround_hours_p50,
    turnaround_seconds_p90 / cast(3600 as double) as turnaround_hours_p90,
    currency
from shown
where not is_hidden
