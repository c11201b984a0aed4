{{ config(alias='fee_what_if') }}

with report as (

    select * from {{ ref('rpt_fee_what_if') }}

),

-- What a wallet took in all is told by `wallet_comparison`: one hidden month would follow.
shown as (

    select
        *,
        {{ is_hidden_cell(
            'users', tie='month',
            by='provider, wallet, currency, fee_plan_id, plan_provider, plan_wallet, is_example'
        ) }} as is_hidden
    from report

)

select
    month,
    provider,
    wallet,
    currency,
    fee_plan_id,
    plan_provider,
    plan_wallet,
    is_example,
    is_own_plan,
    users,
    captures,
    volume,
    planned_fees,
    planned_fee_rate,
    actual_fees,
    actual_fee_rate,
    cost_of_switch
from shown
where not is_hidden
