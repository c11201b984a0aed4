{#- Window -> [days, days between the ends of the two windows]. A single day is held against the same
    weekday a week before: Mondays are not Sundays. -#}
{%- set windows = {'day': [1, 7], 'week': [7, 7], 'four_weeks': [28, 28]} -%}

with attempts as (

    select business_date, provider, wallet, resolved_outcome, latency_ms
    from {{ ref('fct_payment_attempts') }}
    where not is_test and amount > 0

),

newest as (

    select max(business_date) as last_day, min(business_date) as first_day from attempts

),

windows as (

    {%- for name, (days, shift) in windows.items() %}
    select
        '{{ name }}' as time_window,
        last_day - interval '{{ days - 1 }}' day as now_from,
        last_day as now_to,
        last_day - interval '{{ days - 1 + shift }}' day as earlier_from,
        last_day - interval '{{ shift }}' day as earlier_to,
        last_day - interval '{{ days - 1 + shift }}' day >= first_day as is_complete
    from newest
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

labelled as (

    select windows.time_window, attempts.*, business_date >= windows.now_from as is_now
    from attempts
    inner join windows
        on attempts.business_date between windows.now_from and windows.now_to
        or attempts.business_date between windows.earlier_from and windows.earlier_to
    where windows.is_complete

),

sliced as (

    select time_window, is_now, 'all' as dimension, 'all' as dimension_value, resolved_outcome, latency_ms
    from labelled
    union all
    select time_window, is_now, 'wallet', wallet, resolved_outcome, latency_ms from labelled
    union all
    select time_window, is_now, 'provider', provider, resolved_outcome, latency_ms from labelled

),

summed as (

    select
        time_window,
        is_now,
        dimension,
        dimension_value,
        {{ measures('attempt', ['succeeded', 'failed']) }},
        {{ percentile('latency_ms', 0.95) }} as latency_p95_ms
    from sliced
    group by time_window, is_now, dimension, dimension_value

),

rated as (

    select
        *,
        succeeded + failed as resolved,
        {{ metric('attempt_success_rate') }} as rate,
        {{ metric_low('attempt_success_rate') }} as rate_low,
        {{ metric_high('attempt_success_rate') }} as rate_high
    from summed

),

cells as (

    select distinct time_window, dimension, dimension_value from rated

),

paired as (

    select
        cells.time_window,
        cells.dimension,
        cells.dimension_value,
        coalesce(recent.resolved, 0) as resolved_now,
        coalesce(earlier.resolved, 0) as resolved_earlier,
        recent.rate as rate_now,
        recent.rate_low as low_now,
        recent.rate_high as high_now,
        earlier.rate as rate_earlier,
        earlier.rate_low as low_earlier,
        earlier.rate_high as high_earlier,
        recent.latency_p95_ms as latency_p95_ms_now,
        earlier.latency_p95_ms as latency_p95_ms_earlier
    from cells
    left join rated as recent
        on cells.time_window = recent.time_window
        and cells.dimension = recent.dimension
        and cells.dimension_value = recent.dimension_value
        and recent.is_now
    left join rated as earlier
        on cells.time_window = earlier.time_window
        and cells.dimension = earlier.dimension
        and cells.dimension_value = earlier.dimension_value
        and not earlier.is_now

),

-- Newcombe's interval of a difference of two proportions (1998, method 10): from the Wilson bounds of
-- each, so that it holds for small samples and rates near one.
compared as (

    select
        *,
        rate_now - rate_earlier as rate_change,
        rate_now - rate_earlier
        - sqrt(power(rate_now - low_now, 2) + power(high_earlier - rate_earlier, 2))
            as rate_change_low,
        rate_now - rate_earlier
        + sqrt(power(high_now - rate_now, 2) + power(rate_earlier - low_earlier, 2))
            as rate_change_high
    from paired

)

select
    compared.time_window,
    compared.dimension,
    compared.dimension_value,
    cast(windows.now_from as date) as now_from,
    cast(windows.now_to as date) as now_to,
    cast(windows.earlier_from as date) as earlier_from,
    cast(windows.earlier_to as date) as earlier_to,
    cast(compared.resolved_now as bigint) as resolved_now,
    cast(compared.resolved_earlier as bigint) as resolved_earlier,
    compared.rate_now as attempt_success_rate_now,
    compared.rate_earlier as attempt_success_rate_earlier,
    compared.rate_change,
    compared.rate_change_low,
    compared.rate_change_high,
    coalesce(compared.rate_change_low > 0 or compared.rate_change_high < 0, false) as is_clear_change,
    compared.latency_p95_ms_now,
    compared.latency_p95_ms_earlier,
    least(compared.resolved_now, compared.resolved_earlier) < 30 as is_small_sample
from compared
inner join windows on compared.time_window = windows.time_window
