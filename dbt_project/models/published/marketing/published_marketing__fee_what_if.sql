{{ config(alias='fee_what_if') }}

with report as (

    select * from {{ ref('rpt_fee_what_if') }}

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
from report
where users >= {{ minimum_cell_users() }}
