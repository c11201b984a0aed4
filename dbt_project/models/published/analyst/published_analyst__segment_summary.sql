{{ config(alias='segment_summary', materialized='table') }}

with users as (

    select * from {{ ref('dim_users') }}

),

payments as (

    select * from {{ ref('fct_payments') }} where user_key is not null and not is_test

),

segments as (

    select * from {{ source('analysis', 'user_segments') }}

),

scores as (

    select * from {{ source('analysis', 'user_scores') }}

),

-- dim_users counts a fully refunded order as not paid, so the share of refunded orders needs orders.
succeeded_orders as (

    select
        user_key,
        count(*) as orders_succeeded,
        sum(case when refund_count > 0 then 1 else 0 end) as orders_refunded
    from payments
    where final_outcome = 'succeeded'
    group by user_key

),

summed as (

    select
        cast(segments.lifecycle_segment as varchar) as lifecycle_segment,
        count(distinct users.user_key) as users,
        sum(users.paid_orders) as paid_orders,
        sum(users.net_amount) as net_amount,
        {{ percentile('users.median_ticket', 0.5) }} as median_ticket,
        {{ percentile('segments.recency_days', 0.5) }} as median_recency_days,
        sum(succeeded_orders.orders_refunded) as orders_refunded,
        sum(succeeded_orders.orders_succeeded) as orders_succeeded,
        sum(users.failed_attempts) as failed_attempts,
        sum(users.attempts) as attempts,
        -- As decimals: the last digits of a sum of doubles depend on the order of rows.
        cast(avg(cast(scores.p_buys_30_days as decimal(18, 12))) as double)
            as expected_active_share_30_days,
        sum(cast(scores.expected_spend_90_days as decimal(18, 6))) as expected_spend_90_days,
        min(users.currency) as currency
    from users
    inner join segments on users.user_key = cast(segments.user_key as uuid)
    left join scores on users.user_key = cast(scores.user_key as uuid)
    left join succeeded_orders on users.user_key = succeeded_orders.user_key
    group by segments.lifecycle_segment

)

select
    lifecycle_segment,
    cast(users as bigint) as users,
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    cast(paid_orders as bigint) as paid_orders,
    cast(net_amount as decimal(18, 4)) as net_amount,
    {{ share('net_amount', 'sum(net_amount) over ()') }} as share_of_net_amount,
    cast(median_ticket as decimal(18, 4)) as median_ticket,
    median_recency_days,
    {{ share('orders_refunded', 'orders_succeeded') }} as refunded_order_share,
    {{ share('failed_attempts', 'attempts') }} as failed_attempt_share,
    expected_active_share_30_days,
    cast(expected_spend_90_days as decimal(18, 4)) as expected_spend_90_days,
    currency
from summed
