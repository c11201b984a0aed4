with events as (

    select
        *,
        {{ local_ts('occurred_at') }} as occurred_at_local,
        lag(occurred_at) over (
            partition by source, visitor_key
            order by occurred_at, tie_order, second_tie_order, event_key
        ) as previous_at
    from {{ ref('int_checkout_events__ranked') }}
    where copy_rank = 1

),

-- Mixpanel exports no sessions; its own reports begin a new one after half an hour of inactivity.
begun as (

    select
        *,
        max(
            case
                when previous_at is null then occurred_at
                when {{ seconds_between('previous_at', 'occurred_at') }} > 1800 then occurred_at
            end
        ) over (
            partition by source, visitor_key
            order by occurred_at, tie_order, second_tie_order, event_key
            rows between unbounded preceding and current row
        ) as visit_began_at
    from events

),

identified as (

    select
        *,
        case
            when session_key is not null then session_key
            -- An event of nobody is a visit of its own.
            when visitor_key is null then event_key
            else {{ derived_key(['visitor_key', 'visit_began_at']) }}
        end as visit_key
    from begun

),

visits as (

    select
        source,
        visit_key,
        {{ latest('wallet', 'occurred_at', 'event_key') }} as visit_wallet
    from identified
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
from identified as events
inner join visits on events.source = visits.source and events.visit_key = visits.visit_key
