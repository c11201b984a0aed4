with captures as (

    select
        *,
        {{ month_of('business_date') }} as month,
        -- Fees are charged on what is settled: a discount that the merchant gave costs none.
        case
            when settlement_currency = currency and settlement_amount is not null
                then settlement_amount
            else amount
        end as charged_amount
    from {{ ref('fct_captures') }}
    where not is_test and amount > 0

),

-- What was charged for a payment in its own currency; NULL when no export tells yet.
charged_fees as (

    select capture_key, currency, sum(fee_amount) as fee_amount
    from {{ ref('fct_fees') }}
    where fee_kind = 'payment' and capture_key is not null
    group by capture_key, currency

),

-- Payments of one amount cost the same under a plan, so each amount is computed once.
amounts as (

    select
        captures.provider,
        captures.wallet,
        captures.currency,
        captures.month,
        captures.charged_amount,
        count(*) as captures,
        count(charged_fees.fee_amount) as charged_captures,
        sum(charged_fees.fee_amount) as fee_amount,
        sum(case when charged_fees.fee_amount is not null then captures.amount end)
            as fee_base_amount,
        sum(captures.amount) as volume
    from captures
    left join charged_fees
        on captures.capture_key = charged_fees.capture_key
        and captures.currency = charged_fees.currency
    group by
        captures.provider,
        captures.wallet,
        captures.currency,
        captures.month,
        captures.charged_amount

),

volumes as (

    select
        provider,
        wallet,
        currency,
        month,
        sum(captures) as captures,
        sum(volume) as volume,
        sum(charged_amount * captures) as charged_volume,
        sum(fee_amount) as fee_amount,
        sum(fee_base_amount) as fee_base_amount
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

-- A tier by volume holds for the whole volume of the month, as acquirers state it. All in decimals:
-- half a cent as a double is a little more or less than half.
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
        amounts.charged_captures,
        cast(
            least(
                coalesce(plans.cap_amount, {{ largest_amount() }}),
                greatest(
                    coalesce(plans.minimum_amount, 0),
                    amounts.charged_amount * plans.percentage * cast(0.01 as decimal(3, 2))
                    + plans.fixed_amount
                )
            ) as decimal(30, 12)
        ) as exact_fee
    from amounts
    inner join volumes
        on amounts.provider = volumes.provider
        and amounts.wallet = volumes.wallet
        and amounts.currency = volumes.currency
        and amounts.month = volumes.month
    inner join plans
        on amounts.currency = plans.currency
        and case
            when plans.tier_basis = 'monthly_volume' then volumes.charged_volume
            else amounts.charged_amount
        end >= plans.tier_from
        and case
            when plans.tier_basis = 'monthly_volume' then volumes.charged_volume
            else amounts.charged_amount
        end < coalesce(plans.tier_to, {{ largest_amount() }})

),

rounded as (

    select
        charged.*,
        {{ to_minor_units('charged.exact_fee', 'coalesce(currencies.minor_units, 2)') }} as fee
    from charged
    left join currencies on charged.currency = currencies.currency

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
        sum(fee * captures) as planned_fees,
        sum(fee * charged_captures) as planned_fees_of_charged
    from rounded
    group by
        provider, wallet, currency, month, fee_plan_id, plan_provider, plan_wallet, is_example

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
    {{ metric('planned_fee_rate') }} as planned_fee_rate,
    cast(volumes.fee_amount as decimal(38, 4)) as actual_fees,
    {{ metric('effective_fee_rate') }} as actual_fee_rate,
    cast(under_plans.planned_fees_of_charged - volumes.fee_amount as decimal(38, 4))
        as cost_of_switch
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
