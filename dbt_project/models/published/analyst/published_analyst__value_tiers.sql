{{ config(alias='value_tiers', materialized='table') }}

with segments as (

    select * from {{ source('analysis', 'user_segments') }}

),

tiers as (

    select * from {{ source('analysis', 'value_tiers') }}

),

versions as (

    select max(thresholds_version) as thresholds_version, bool_or(is_frozen) as is_frozen
    from {{ source('analysis', 'lifecycle_rules') }}

),

summed as (

    select
        cast(value_tier as varchar) as value_tier,
        count(*) as users,
        sum(paid_orders) as paid_orders,
        sum(net_amount) as net_amount
    from segments
    group by value_tier

)

select
    summed.value_tier,
    cast(tiers.net_amount_from as decimal(18, 4)) as net_amount_from,
    cast(tiers.net_amount_below as decimal(18, 4)) as net_amount_below,
    cast(summed.users as bigint) as users,
    {{ share('summed.users', 'sum(summed.users) over ()') }} as share_of_users,
    cast(summed.paid_orders as bigint) as paid_orders,
    cast(summed.net_amount as decimal(18, 4)) as net_amount,
    {{ share('summed.net_amount', 'sum(summed.net_amount) over ()') }} as share_of_net_amount,
    {{ reporting_currency() }} as currency,
    cast(versions.thresholds_version as varchar) as thresholds_version,
    cast(versions.is_frozen as boolean) as is_frozen
from summed
cross join versions
left join tiers on summed.value_tier = tiers.value_tier
