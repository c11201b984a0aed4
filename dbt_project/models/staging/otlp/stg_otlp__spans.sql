with spans as (

    select * from {{ source('lake', 'otlp_traces') }}

),

typed as (

    select
        cast(request_key as uuid) as request_key,
        cast(trace_key as uuid) as trace_key,
        cast(order_key as uuid) as order_key,
        {{ iso_time('started') }} as started_at,
        service,
        operation,
        try_cast(duration_ns as bigint) / 1000000.0 as duration_ms,
        kind,
        span_status,
        error_type,
        try_cast(status_code as integer) as status_code,
        payment_method as wallet,
        {{ is_test_environment('environment') }} as is_test,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from spans

)

select
    *,
    case
        when started_at is null or duration_ms is null then 'unreadable'
        -- Inner steps and calls to others are parts of a request, not requests.
        when kind = '2' then 'server_span'
        else 'out_of_scope'
    end as row_kind
from typed
