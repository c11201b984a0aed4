{{ config(alias='value_tiers') }}

with tiers as (

    select * from {{ ref('published_analyst__value_tiers') }}

),

cells as (

    select *, {{ is_hidden_cell('users', tie='value_tier') }} as is_hidden from tiers

)

select
    value_tier,
    net_amount_from,
    net_amount_below,
    users,
    -- Of the tiers shown: a share of everybody would give the total, and with it the hidden rest.
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    paid_orders,
    net_amount,
    {{ share('net_amount', 'sum(net_amount) over ()') }} as share_of_net_amount,
    currency,
    thresholds_version,
    is_frozen
from cells
where not is_hidden
