{{ config(alias='failure_advice') }}

{#- What was at risk: paid in the end, lost after another try, given up at once; the rest is open. -#}
{% set parts = ['recovered', 'given_up', 'in_vain'] %}
{% set given_up = ['given_up', 'not_given_up'] %}
{#- A mended fault saves all that is lost, other advice what is given up. -#}
{% set saved = parts + given_up %}

with advice as (

    select * from {{ ref('published_analyst__failure_advice') }}

),

owners as (

    select * from {{ source('analysis', 'failure_advice') }}

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
    {{ sum_of_enough('owners', at_risk_of_enough('owners'), ['at_risk']) }} as amount_at_risk,
    {{ sum_of_enough('owners', 'owners.amount_recovered', parts) }} as amount_recovered,
    {{ sum_of_enough('owners', 'owners.amount_lost', parts) }} as amount_lost,
    {{ sum_of_enough('owners', 'owners.amount_given_up', given_up) }} as amount_given_up,
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
    {{ sum_of_enough('owners', 'owners.amount_recoverable', saved) }} as amount_recoverable,
    {{ sum_of_enough('owners', 'owners.amount_recoverable_low', saved) }} as amount_recoverable_low,
    {{ sum_of_enough('owners', 'owners.amount_recoverable_high', saved) }} as amount_recoverable_high,
    advice.better_action,
    advice.currency
from advice
inner join owners
    on advice.wallet = owners.wallet
    and advice.failure_category = owners.failure_category
left join shown
    on advice.wallet = shown.wallet
    and advice.failure_category = shown.failure_category
where advice.users >= {{ minimum_cell_users() }}
    and (shown.wallet is not null or advice.failure_category = 'no_answer')
