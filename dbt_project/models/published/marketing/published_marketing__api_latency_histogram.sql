{{ config(alias='api_latency_histogram') }}

with requests as (

    select *, {{ month_of('business_date') }} as month, {{ latency_bucket('duration_ms') }} as bucket
    from {{ ref('fct_api_requests') }}
    where not is_test and not is_error_only and duration_ms is not null

),

summed as (

    select
        month,
        service,
        operation,
        bucket,
        {{ measures('request', ['requests', 'request_errors', 'expected_errors']) }}
    from requests
    group by month, service, operation, bucket

)

select
    month,
    service,
    operation,
    cast(bucket as integer) as latency_bucket,
    {{ latency_bucket_start('bucket') }} as bucket_from_ms,
    {{ latency_bucket_start('bucket + 1') }} as bucket_below_ms,
    cast(requests as bigint) as requests,
    cast(request_errors as bigint) as request_errors,
    cast(expected_errors as bigint) as expected_errors
from summed
