-- Orders of known people outside test traffic are in dim_users, each once.
{{ config(
    meta={
        'description': 'Users do not hold every order exactly once',
        'dagster': {'ref': {'name': 'dim_users'}},
    }
) }}

with users as (

    select sum(orders) as orders, sum(attempts) as attempts from {{ ref('dim_users') }}

),

orders as (

    select count(*) as orders, sum(attempts) as attempts
    from {{ ref('fct_payments') }}
    where user_key is not null and not is_test

)

select users.*
from users
cross join orders
where
    coalesce(users.orders, 0) <> orders.orders
    or coalesce(users.attempts, 0) <> coalesce(orders.attempts, 0)
