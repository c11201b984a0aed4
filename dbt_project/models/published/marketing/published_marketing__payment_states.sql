{{ config(alias='payment_states') }}

with states as (

    select * from {{ ref('published_analyst__payment_states') }}

),

cells as (

    select *, {{ is_hidden_cell('users', tie='payment_state') }} as is_hidden from states

)

select
    payment_state,
    users,
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    net_amount,
    failed_attempts,
    lost_orders,
    currency
from cells
where not is_hidden
