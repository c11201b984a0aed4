with events as (

    select
        *,
        {{ local_ts('occurred_at') }} as occurred_at_local,
        -- Mixpanel exports no sessions: what a visitor does on one day stands for one. An event of
        -- nobody is a visit of its own.
        case
            when session_key is not null then session_key
            when visitor_key is null then event_key
            else {{ derived_key(['visitor_key', 'cast(' ~ local_ts('occurred_at') ~ ' as date)']) }}
        end as visit_key
    from {{ ref('int_checkout_events__ranked') }}
    where copy_rank = 1

),

visits as (

    select
        source,
        visit_key,
        {{ latest('wallet', 'occurred_at', 'event_key') }} as visit_wallet
    from events
    group by source, visit_key

)

select
    events.event_key,
    events.source,
    events.step,
    events.event_name,
    events.visit_key,
    events.visitor_key,
    events.user_key,
    events.order_key,
    events.wallet,
    visits.visit_wallet,
    events.amount,
    events.currency,
    events.is_one_tap,
    events.language,
    events.device_category,
    events.os,
    events.platform,
    events.occurred_at,
    cast(events.occurred_at_local as date) as business_date,
    cast(extract(hour from events.occurred_at_local) as integer) as local_hour,
    row_number() over (
        partition by events.source, events.visit_key
        order by events.occurred_at, events.tie_order, events.second_tie_order, events.event_key
    ) as event_number,
    events.is_derived,
    events.file_sha256,
    {{ archive_member('events.source_file') }} as file_member,
    events.row_number
from events
inner join visits on events.source = visits.source and events.visit_key = visits.visit_key
