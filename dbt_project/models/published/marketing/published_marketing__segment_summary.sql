{{ config(alias='segment_summary') }}

with segments as (

    select *, {{ is_hidden_cell('users', tie='lifecycle_segment') }} as is_hidden
    from {{ ref('published_analyst__segment_summary') }}

)

select
    lifecycle_segment,
    users,
    -- Of the groups shown: a share of everybody would give the total, and with it the hidden rest.
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    paid_orders,
    net_amount,
    {{ share('net_amount', 'sum(net_amount) over ()') }} as share_of_net_amount,
    -- A median is somebody's: rounded, it is nobody's.
    cast(round(median_ticket, 0) as decimal(18, 4)) as median_ticket,
    median_recency_days,
    refunded_order_share,
    failed_attempt_share,
    expected_active_share_30_days,
    expected_spend_90_days,
    currency
from segments
where not is_hidden
