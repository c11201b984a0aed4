with requests as (

    select *, {{ local_ts('started_at') }} as started_at_local
    from {{ ref('int_api_requests__ranked') }}
    where copy_rank = 1

)

select
    request_key,
    source,
    trace_key,
    order_key,
    service,
    operation,
    started_at,
    cast(started_at_local as date) as business_date,
    cast(extract(hour from started_at_local) as integer) as local_hour,
    duration_ms,
    is_error,
    is_expected_error,
    error_class,
    status_code,
    wallet,
    is_error_only,
    is_test,
    is_derived,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from requests
