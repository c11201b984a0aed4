with tickets as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_support_tickets') }}
    where not is_test

),

summed as (

    select
        month,
        wallet,
        coalesce(topic, 'unknown') as topic,
        count(distinct user_key) as users,
        {{ measures('ticket', ['tickets', 'tickets_answered', 'tickets_resolved']) }},
        {{ percentile('first_response_seconds', 0.5) }} / cast(3600 as double) as first_response_hours_p50,
        {{ percentile('first_response_seconds', 0.9) }} / cast(3600 as double) as first_response_hours_p90,
        {{ percentile('resolution_seconds', 0.5) }} / cast(3600 as double) as resolution_hours_p50,
        {{ percentile('resolution_seconds', 0.9) }} / cast(3600 as double) as resolution_hours_p90
    from tickets
    group by month, wallet, coalesce(topic, 'unknown')

)

select
    month,
    wallet,
    topic,
    cast(users as bigint) as users,
    cast(tickets as bigint) as tickets,
    cast(tickets_answered as bigint) as tickets_answered,
    cast(tickets_resolved as bigint) as tickets_resolved,
    {{ metric('ticket_response_rate') }} as ticket_response_rate,
    {{ metric_low('ticket_response_rate') }} as ticket_response_rate_low,
    {{ metric_high('ticket_response_rate') }} as ticket_response_rate_high,
    {{ metric('ticket_resolution_rate') }} as ticket_resolution_rate,
    {{ metric_low('ticket_resolution_rate') }} as ticket_resolution_rate_low,
    {{ metric_high('ticket_resolution_rate') }} as ticket_resolution_rate_high,
    first_response_hours_p50,
    first_response_hours_p90,
    resolution_hours_p50,
    resolution_hours_p90,
    {{ is_small_sample('ticket_resolution_rate') }} as is_small_sample
from summed
