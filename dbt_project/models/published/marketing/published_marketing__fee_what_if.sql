{{ config(alias='fee_what_if') }}

with report as (

    select * from {{ ref('rpt_fee_what_if') }}

),

compared as (

    select {{ month_of('from_date') }} as from_month from {{ ref('rpt_comparison_window') }}

),

sided as (

    select
        report.*,
        coalesce(report.month < compared.from_month, false) as is_before_compared
    from report
    cross join compared

),

-- What a wallet took in its days, and so before them, is told by `wallet_comparison`: one hidden month of
-- either would follow.
shown as (

    select
        *,
        {{ is_hidden_cell(
            'users', tie='month',
            by='provider, wallet, currency, fee_plan_id, plan_provider, plan_wallet, is_example, is_before_compared'
        ) }} as is_hidden
    from sided

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
