with requests as (

    select * from {{ ref('fct_api_requests') }} where not is_test

),

summed as (

    select
        business_date,
        service,
        operation,
        coalesce(wallet, 'unknown') as wallet,
        {{ measures('request', ['requests', 'request_errors', 'expected_errors']) }},
        {{ percentile('duration_ms', 0.5) }} as duration_p50_ms,
        {{ percentile('duration_ms', 0.95) }} as duration_p95_ms,
        {{ percentile('duration_ms', 0.99) }} as duration_p99_ms
    from requests
    group by business_date, service, operation, coalesce(wallet, 'unknown')

),

days as (

    select business_date, sum(duration_p95_ms * requests) as slow_ms_of_day
    from summed
    group by business_date

)

select
    summed.business_date,
    summed.service,
    summed.operation,
    summed.wallet,
    cast(summed.requests as bigint) as requests,
    cast(summed.request_errors as bigint) as request_errors,
    cast(summed.expected_errors as bigint) as expected_errors,
    {{ metric('request_error_rate') }} as request_error_rate,
    {{ metric_low('request_error_rate') }} as request_error_rate_low,
    {{ metric_high('request_error_rate') }} as request_error_rate_high,
    summed.duration_p50_ms,
    summed.duration_p95_ms,
    summed.duration_p99_ms,
    -- Where waiting is spent: the bottleneck is the operation with the largest share.
    summed.duration_p95_ms * summed.requests / nullif(days.slow_ms_of_day, 0) as share_of_waiting,
    {{ is_small_sample('request_error_rate') }} as is_small_sample
from summed
inner join days on summed.business_date = days.business_date
