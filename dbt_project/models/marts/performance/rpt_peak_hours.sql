with attempts as (

    select *, {{ iso_weekday('business_date') }} as iso_weekday
    from {{ ref('fct_payment_attempts') }}
    where not is_test and amount > 0

),

-- How often each weekday occurs in the data, quiet ones included: an hour without attempts counts as
-- zero, not as missing.
weekdays as (

    select {{ iso_weekday('date_day') }} as iso_weekday, count(*) as days
    from {{ ref('dim_dates') }}
    where has_attempts
    group by {{ iso_weekday('date_day') }}

),

summed as (

    select
        iso_weekday,
        local_hour,
        count(distinct user_key) as users,
        {{ measures('attempt', ['attempts', 'succeeded', 'failed', 'technical_errors']) }},
        {{ percentile('latency_ms', 0.95) }} as latency_p95_ms
    from attempts
    group by iso_weekday, local_hour

),

loads as (

    select
        summed.*,
        weekdays.days,
        {{ share('summed.attempts', 'weekdays.days') }} as attempts_per_hour
    from summed
    inner join weekdays on summed.iso_weekday = weekdays.iso_weekday

),

week as (

    -- Mean over all 168 hours of a week.
    select sum(attempts_per_hour) / cast(168 as double) as mean_attempts_per_hour from loads

)

select
    loads.iso_weekday,
    loads.local_hour,
    cast(loads.users as bigint) as users,
    cast(loads.days as bigint) as days,
    cast(loads.attempts as bigint) as attempts,
    cast(loads.succeeded as bigint) as succeeded,
    cast(loads.failed as bigint) as failed,
    loads.attempts_per_hour,
    loads.attempts_per_hour / nullif(week.mean_attempts_per_hour, 0) as load_factor,
    -- Twice the mean hour: where capacity and staffing are decided.
    loads.attempts_per_hour >= 2 * week.mean_attempts_per_hour as is_peak,
    {{ metric('attempt_success_rate') }} as attempt_success_rate,
    {{ metric_low('attempt_success_rate') }} as attempt_success_rate_low,
    {{ metric_high('attempt_success_rate') }} as attempt_success_rate_high,
    {{ metric('technical_error_rate') }} as technical_error_rate,
    {{ metric_low('technical_error_rate') }} as technical_error_rate_low,
    {{ metric_high('technical_error_rate') }} as technical_error_rate_high,
    loads.latency_p95_ms,
    {{ is_small_sample('attempt_success_rate') }} as is_small_sample
from loads
cross join week
