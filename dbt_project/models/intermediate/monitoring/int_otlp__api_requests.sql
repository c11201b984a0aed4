with spans as (

    select * from {{ ref('stg_otlp__spans') }} where row_kind = 'server_span'

)

select
    'otlp_traces' as source,
    request_key,
    trace_key,
    order_key,
    started_at,
    service,
    operation,
    duration_ms,
    case
        when span_status = '2' then true
        -- A service that says it is fine is believed; one that says nothing is judged by its answer.
        when span_status = '1' then false
        else coalesce(status_code >= 500, false)
    end as is_error,
    false as is_expected_error,
    error_type as error_class,
    status_code,
    wallet,
    false as is_error_only,
    is_test,
    false as is_derived,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file,
    {{ copy_rank('request_key') }} as copy_rank
from spans
