{{ config(alias='segment_summary') }}

with segments as (

    select * from {{ ref('published_analyst__segment_summary') }}

)

select
    lifecycle_segment,
    users,
    -- Of the groups shown: a share of everybody would give the total, and with it the hidden rest.
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    paid_orders,
    net_amount,
    {{ share('net_amount', 'sum(net_amount) over ()') }} as share_of_net_amount,
    median_ticket,
    median_recency_days,
    refunded_order_share,
    failed_attempt_share,
    currency
from segments
where users >= {{ minimum_cell_users() }}
