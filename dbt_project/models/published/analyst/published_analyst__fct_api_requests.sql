{{ config(alias='fct_api_requests') }}

with api_requests as (

    select * from {{ ref('fct_api_requests') }}

)

select
    request_key,
    source,
    trace_key,
    order_key,
    service,
    operation,
    date_trunc('hour', started_at) as started_hour,
    business_date,
    local_hour,
    duration_ms,
    is_error,
    is_expected_error,
    error_class,
    status_code,
    wallet,
    is_error_only,
    is_test,
    file_sha256,
    row_number
from api_requests
