{{ config(materialized='table') }}

-- One person has an id at the merchant and another at each provider. Orders that both know tell which
-- belong together; counted as two, people would seem more than they are, also to the minimum of
-- people behind a published figure. An id that stands beside several customers (a shared wallet)
-- stays an id of its own.
with captures as (

    select * from {{ ref('int_captures__deduplicated') }}

),

attempts as (

    select * from {{ ref('int_payment_attempts__deduplicated') }}

),

customers as (

    select order_key, user_key from attempts where user_key is not null

    union all

    select order_key, user_key from captures where user_key is not null

),

payers as (

    select order_key, payer_scope, payer_key from attempts where payer_key is not null

    union all

    select order_key, payer_scope, payer_key from captures where payer_key is not null

)

select
    payers.payer_scope,
    payers.payer_key,
    min(customers.user_key) as user_key
from payers
inner join customers on payers.order_key = customers.order_key
group by payers.payer_scope, payers.payer_key
having min(customers.user_key) = max(customers.user_key)
