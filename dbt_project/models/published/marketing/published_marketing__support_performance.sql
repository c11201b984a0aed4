{{ config(alias='support_performance') }}

with tickets as (

    select
        {{ month_of('business_date') }} as month,
        user_key,
        coalesce(topic, 'unknown') as topic,
        wallet,
        coalesce(channel, 'unknown') as support_channel,
        first_response_seconds,
        resolution_seconds,
        is_resolved
    from {{ ref('fct_support_tickets') }}
    where not is_test

),

sliced as (

    {%- for dimension in ['topic', 'wallet', 'support_channel'] %}
    select
        month,
        '{{ dimension }}' as dimension,
        {{ dimension }} as dimension_value,
        user_key,
        first_response_seconds,
        resolution_seconds,
        is_resolved
    from tickets
    union all
    {%- endfor %}
    select
        month,
        'all' as dimension,
        'all' as dimension_value,
        user_key,
        first_response_seconds,
        resolution_seconds,
        is_resolved
    from tickets

),

sizes as (

    select month, dimension, dimension_value, count(distinct user_key) as users
    from sliced
    group by month, dimension, dimension_value

),

-- Values of few people become one, `other`; where that is still too few, the smallest shown joins it.
-- So nothing is left out that would follow from the total.
lumped as (

    select
        month,
        dimension,
        dimension_value,
        case when {{ is_hidden_cell('users', 'dimension_value', 'month, dimension') }}
            then 'other' else dimension_value end as shown_value
    from sizes

),

summed as (

    select
        sliced.month,
        sliced.dimension,
        lumped.shown_value,
        count(distinct sliced.user_key) as users,
        {{ measures('ticket', ['tickets', 'tickets_answered', 'tickets_resolved']) }},
        {{ percentile('first_response_seconds', 0.5) }} / cast(3600 as double) as first_response_hours_p50,
        {{ percentile('first_response_seconds', 0.9) }} / cast(3600 as double) as first_response_hours_p90,
        {{ percentile('resolution_seconds', 0.5) }} / cast(3600 as double) as resolution_hours_p50,
        {{ percentile('resolution_seconds', 0.9) }} / cast(3600 as double) as resolution_hours_p90
    from sliced
    inner join lumped
        on sliced.month = lumped.month
        and sliced.dimension = lumped.dimension
        and sliced.dimension_value = lumped.dimension_value
    group by sliced.month, sliced.dimension, lumped.shown_value

),

-- A single `other` that is still too small takes its dimension of the month with it.
complete as (

    select *, min(users) over (partition by month, dimension) as fewest_users from summed

)

select
    month,
    dimension,
    shown_value as dimension_value,
    cast(users as bigint) as users,
    cast(tickets as bigint) as tickets,
    cast(tickets_answered as bigint) as tickets_answered,
    cast(tickets_resolved as bigint) as tickets_resolved,
    {{ metric('ticket_response_rate') }} as ticket_response_rate,
    {{ metric('ticket_resolution_rate') }} as ticket_resolution_rate,
    first_response_hours_p50,
    first_response_hours_p90,
    resolution_hours_p50,
    resolution_hours_p90
from complete
where fewest_users >= {{ minimum_cell_users() }}
