with captures as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_captures') }}
    where not is_test and amount > 0

),

test_orders as (

    select order_key from {{ ref('fct_payments') }} where is_test

),

-- Payments of one amount cost the same under a plan, so each amount is computed once.
amounts as (

    select provider, wallet, currency, month, amount, count(*) as captures
    from captures
    where not exists (
        select 1 from test_orders where test_orders.order_key = captures.order_key
    )
    group by provider, wallet, currency, month, amount

),

volumes as (

    select
        provider,
        wallet,
        currency,
        month,
        sum(captures) as captures,
        sum(amount * captures) as volume
    from amounts
    group by provider, wallet, currency, month

),

payers as (

    select provider, wallet, currency, month, count(distinct user_key) as users
    from captures
    group by provider, wallet, currency, month

),

newest as (

    select {{ newest_business_date() }} as newest_date

),

-- The version of each plan that holds on the newest day: what a switch today would cost, applied to
-- the payments of the past.
plans as (

    select dim_fee_plans.*
    from {{ ref('dim_fee_plans') }} as dim_fee_plans
    cross join newest
    where dim_fee_plans.valid_from <= newest.newest_date
        and (dim_fee_plans.valid_to is null or dim_fee_plans.valid_to >= newest.newest_date)

),

currencies as (

    select * from {{ ref('int_currencies') }}

),

charged as (

    select
        amounts.provider,
        amounts.wallet,
        amounts.currency,
        amounts.month,
        plans.fee_plan_id,
        plans.provider as plan_provider,
        plans.wallet as plan_wallet,
        plans.is_example,
        amounts.captures,
        -- A tier by volume holds for the whole volume of the month, as acquirers state it. Whole minor
        -- units are exact as decimals; added up as doubles, the sum would depend on the order of rows.
        cast(
            round(
                least(
                    coalesce(plans.cap_amount, cast('Infinity' as double)),
                    greatest(
                        coalesce(plans.minimum_amount, 0),
                        cast(amounts.amount as double) * cast(plans.percentage as double) / 100
                        + cast(plans.fixed_amount as double)
                    )
                ),
                coalesce(currencies.minor_units, 2)
            ) as decimal(18, 4)
        ) * amounts.captures as fee
    from amounts
    inner join volumes
        on amounts.provider = volumes.provider
        and amounts.wallet = volumes.wallet
        and amounts.currency = volumes.currency
        and amounts.month = volumes.month
    inner join plans
        on amounts.currency = plans.currency
        and case when plans.tier_basis = 'monthly_volume' then volumes.volume else amounts.amount end
            >= plans.tier_from
        and case when plans.tier_basis = 'monthly_volume' then volumes.volume else amounts.amount end
            < coalesce(plans.tier_to, cast('Infinity' as double))
    left join currencies on amounts.currency = currencies.currency

),

under_plans as (

    select
        provider,
        wallet,
        currency,
        month,
        fee_plan_id,
        plan_provider,
        plan_wallet,
        is_example,
        sum(captures) as captures,
        sum(fee) as planned_fees
    from charged
    group by
        provider, wallet, currency, month, fee_plan_id, plan_provider, plan_wallet, is_example

),

actual as (

    select month, provider, wallet, currency, sum(fee_amount) as actual_fees
    from (
        select {{ month_of('business_date') }} as month, provider, wallet, currency, fee_amount
        from {{ ref('fct_fees') }}
        where fee_kind = 'payment'
    ) as payment_fees
    group by month, provider, wallet, currency

)

select
    under_plans.month,
    under_plans.provider,
    under_plans.wallet,
    under_plans.currency,
    under_plans.fee_plan_id,
    under_plans.plan_provider,
    under_plans.plan_wallet,
    under_plans.is_example,
    under_plans.plan_provider = under_plans.provider
    and under_plans.plan_wallet in (under_plans.wallet, 'all') as is_own_plan,
    cast(payers.users as bigint) as users,
    cast(under_plans.captures as bigint) as captures,
    cast(volumes.volume as decimal(38, 4)) as volume,
    cast(under_plans.planned_fees as decimal(38, 4)) as planned_fees,
    {{ share('under_plans.planned_fees', 'volumes.volume') }} as planned_fee_rate,
    cast(actual.actual_fees as decimal(38, 4)) as actual_fees,
    {{ share('actual.actual_fees', 'volumes.volume') }} as actual_fee_rate,
    cast(under_plans.planned_fees - actual.actual_fees as decimal(38, 4)) as cost_of_switch
from under_plans
inner join volumes
    on under_plans.provider = volumes.provider
    and under_plans.wallet = volumes.wallet
    and under_plans.currency = volumes.currency
    and under_plans.month = volumes.month
inner join payers
    on under_plans.provider = payers.provider
    and under_plans.wallet = payers.wallet
    and under_plans.currency = payers.currency
    and under_plans.month = payers.month
left join actual
    on under_plans.provider = actual.provider
    and under_plans.wallet = actual.wallet
    and under_plans.currency = actual.currency
    and under_plans.month = actual.month
