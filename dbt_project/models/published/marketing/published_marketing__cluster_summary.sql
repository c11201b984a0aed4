{{ config(alias='cluster_summary') }}

with users as (

    select * from {{ ref('dim_users') }}

),

segments as (

    select * from {{ source('analysis', 'user_segments') }} where cluster_id is not null

),

summed as (

    select
        cast(segments.cluster_id as integer) as cluster_id,
        min(cast(segments.cluster_name as varchar)) as cluster_name,
        count(distinct users.user_key) as users,
        sum(users.net_amount) as net_amount,
        {{ percentile('segments.recency_days', 0.5) }} as median_recency_days,
        {{ percentile('users.paid_orders', 0.5) }} as median_orders,
        {{ percentile('users.median_ticket', 0.5) }} as median_ticket,
        min(users.currency) as currency
    from users
    inner join segments on users.user_key = cast(segments.user_key as uuid)
    group by segments.cluster_id

),

cells as (

    select *, {{ is_hidden_cell('users', tie='cluster_id') }} as is_hidden from summed

)

select
    cluster_id,
    cluster_name,
    cast(users as bigint) as users,
    -- Of the groups shown: a share of everybody would give the total, and with it the hidden rest.
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    cast(net_amount as decimal(18, 4)) as net_amount,
    {{ share('net_amount', 'sum(net_amount) over ()') }} as share_of_net_amount,
    median_recency_days,
    median_orders,
    -- A median is somebody's: rounded, it is nobody's.
    cast(round(median_ticket, 0) as decimal(18, 4)) as median_ticket,
    currency
from cells
where not is_hidden
