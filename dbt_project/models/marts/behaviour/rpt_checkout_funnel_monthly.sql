{#- Steps of a checkout in order; a visit has reached a step when it was seen there or later, since
    one-tap buttons skip the forms between. A step that the tool never sent in the month is left out:
    nobody can tell where visits were lost around it. -#}
{%- set steps = [
    'view_item', 'add_to_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info', 'purchase'
] -%}

with events as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_checkout_events') }}
    where step <> 'refund'

),

steps as (

    {%- for step in steps %}
    select {{ loop.index }} as step_number, '{{ step }}' as step
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

sent as (

    select distinct source, month, step from events

),

visits as (

    select
        events.source,
        events.visit_key,
        min(events.month) as month,
        min(events.visitor_key) as visitor_key,
        coalesce(min(events.visit_wallet), 'none_chosen') as wallet,
        coalesce({{ latest('events.language', 'events.occurred_at', 'events.event_key') }}, 'unknown')
            as language,
        coalesce(
            {{ latest('events.device_category', 'events.occurred_at', 'events.event_key') }}, 'unknown'
        ) as device_category,
        max(steps.step_number) as furthest_step,
        bool_or(events.is_one_tap) as is_one_tap,
        min(case when events.step = 'begin_checkout' then events.occurred_at end) as began_at,
        min(case when events.step = 'purchase' then events.occurred_at end) as purchased_at
    from events
    inner join steps on events.step = steps.step
    group by events.source, events.visit_key

),

sliced as (

    select 'all' as dimension, 'all' as dimension_value, visits.* from visits
    union all
    select 'wallet', wallet, visits.* from visits
    union all
    select 'language', language, visits.* from visits
    union all
    select 'device_category', device_category, visits.* from visits

),

reached as (

    select
        sliced.month,
        sliced.source,
        sliced.dimension,
        sliced.dimension_value,
        steps.step_number,
        steps.step,
        count(distinct case when sliced.furthest_step >= steps.step_number then sliced.visitor_key end)
            as users,
        sum(case when sliced.furthest_step >= steps.step_number then 1 else 0 end) as visits,
        sum(case when sliced.furthest_step >= steps.step_number and sliced.is_one_tap then 1 else 0 end)
            as one_tap_visits,
        {{ percentile(
            "case when steps.step = 'purchase' and sliced.purchased_at >= sliced.began_at then "
            ~ exact_seconds_between('sliced.began_at', 'sliced.purchased_at') ~ " end", 0.5
        ) }} as seconds_from_checkout_p50
    from sliced
    inner join sent on sliced.source = sent.source and sliced.month = sent.month
    inner join steps on sent.step = steps.step
    group by
        sliced.month,
        sliced.source,
        sliced.dimension,
        sliced.dimension_value,
        steps.step_number,
        steps.step

),

compared as (

    select
        *,
        lag(visits) over (
            partition by month, source, dimension, dimension_value order by step_number
        ) as visits_before,
        max(case when step = 'begin_checkout' then visits end) over (
            partition by month, source, dimension, dimension_value
        ) as checkout_visits
    from reached

)

select
    month,
    source,
    dimension,
    dimension_value,
    step_number,
    step,
    cast(users as bigint) as users,
    cast(visits as bigint) as visits,
    cast(visits_before - visits as bigint) as visits_lost,
    {{ metric('step_conversion_rate') }} as step_conversion_rate,
    {{ metric_low('step_conversion_rate') }} as step_conversion_rate_low,
    {{ metric_high('step_conversion_rate') }} as step_conversion_rate_high,
    case when step_number >= 3 then {{ metric('checkout_conversion_rate') }} end
        as checkout_conversion_rate,
    case when step_number >= 3 then {{ metric_low('checkout_conversion_rate') }} end
        as checkout_conversion_rate_low,
    case when step_number >= 3 then {{ metric_high('checkout_conversion_rate') }} end
        as checkout_conversion_rate_high,
    {{ metric('one_tap_share') }} as one_tap_share,
    {{ metric_low('one_tap_share') }} as one_tap_share_low,
    {{ metric_high('one_tap_share') }} as one_tap_share_high,
    seconds_from_checkout_p50,
    coalesce(visits_before, visits) < 30 as is_small_sample
from compared
