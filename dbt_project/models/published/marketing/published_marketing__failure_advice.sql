{{ config(alias='failure_advice') }}

with advice as (

    select * from {{ ref('published_analyst__failure_advice') }}

),

shown as (

    select dimension_value as wallet, failure_category
    from {{ ref('published_marketing__failure_breakdown') }}
    where dimension = 'wallet'

)

-- The amounts are those of the breakdown by wallet: a cell that it hides stays hidden here.
select
    advice.wallet,
    advice.failure_category,
    advice.action,
    advice.orders,
    advice.users,
    advice.amount_at_risk,
    advice.amount_recovered,
    advice.amount_lost,
    advice.amount_given_up,
    advice.same_wallet_orders,
    advice.same_wallet_paid,
    advice.other_wallet_orders,
    advice.other_wallet_paid,
    advice.same_wallet_rate,
    advice.same_wallet_low,
    advice.same_wallet_high,
    advice.other_wallet_rate,
    advice.other_wallet_low,
    advice.other_wallet_high,
    advice.basis,
    advice.recovery_rate,
    advice.recovery_low,
    advice.recovery_high,
    advice.amount_recoverable,
    advice.amount_recoverable_low,
    advice.amount_recoverable_high,
    advice.better_action,
    advice.currency
from advice
left join shown
    on advice.wallet = shown.wallet
    and advice.failure_category = shown.failure_category
where advice.users >= {{ minimum_cell_users() }}
    and (shown.wallet is not null or advice.failure_category = 'no_answer')
