{{ config(alias='payment_states', materialized='table') }}

with users as (

    select * from {{ ref('dim_users') }}

),

segments as (

    select * from {{ source('analysis', 'user_segments') }}

),

summed as (

    select
        cast(segments.payment_state as varchar) as payment_state,
        count(*) as users,
        sum(users.net_amount) as net_amount,
        sum(users.failed_attempts) as failed_attempts,
        sum(users.lost_orders) as lost_orders
    from users
    inner join segments on users.user_key = cast(segments.user_key as uuid)
    group by segments.payment_state

)

select
    payment_state,
    cast(users as bigint) as users,
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    cast(net_amount as decimal(18, 4)) as net_amount,
    cast(failed_attempts as bigint) as failed_attempts,
    cast(lost_orders as bigint) as lost_orders,
    {{ reporting_currency() }} as currency
from summed
