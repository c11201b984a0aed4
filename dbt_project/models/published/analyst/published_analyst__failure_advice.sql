{{ config(alias='failure_advice') }}

with advice as (

    select * from {{ source('analysis', 'failure_advice') }}

)

select
    cast(wallet as varchar) as wallet,
    cast(failure_category as varchar) as failure_category,
    cast(action as varchar) as action,
    cast(orders as bigint) as orders,
    cast(users as bigint) as users,
    cast(amount_at_risk as decimal(18, 4)) as amount_at_risk,
    cast(amount_recovered as decimal(18, 4)) as amount_recovered,
    cast(amount_lost as decimal(18, 4)) as amount_lost,
    cast(amount_given_up as decimal(18, 4)) as amount_given_up,
    cast(same_wallet_orders as bigint) as same_wallet_orders,
    cast(same_wallet_paid as bigint) as same_wallet_paid,
    cast(other_wallet_orders as bigint) as other_wallet_orders,
    cast(other_wallet_paid as bigint) as other_wallet_paid,
    cast(same_wallet_rate as double) as same_wallet_rate,
    cast(same_wallet_low as double) as same_wallet_low,
    cast(same_wallet_high as double) as same_wallet_high,
    cast(other_wallet_rate as double) as other_wallet_rate,
    cast(other_wallet_low as double) as other_wallet_low,
    cast(other_wallet_high as double) as other_wallet_high,
    cast(basis as varchar) as basis,
    cast(recovery_rate as double) as recovery_rate,
    cast(recovery_low as double) as recovery_low,
    cast(recovery_high as double) as recovery_high,
    cast(amount_recoverable as decimal(18, 4)) as amount_recoverable,
    cast(amount_recoverable_low as decimal(18, 4)) as amount_recoverable_low,
    cast(amount_recoverable_high as decimal(18, 4)) as amount_recoverable_high,
    cast(better_action as varchar) as better_action,
    cast(currency as varchar) as currency
from advice
