{{ config(alias='rpt_api_performance_daily') }}

with report as (

    select * from {{ ref('rpt_api_performance_daily') }}

)

select
    business_date,
    service,
    operation,
    wallet,
    requests,
    request_errors,
    expected_errors,
    request_error_rate,
    request_error_rate_low,
    request_error_rate_high,
    duration_p50_ms,
    duration_p95_ms,
    duration_p99_ms,
    share_of_waiting,
    is_small_sample
from report
