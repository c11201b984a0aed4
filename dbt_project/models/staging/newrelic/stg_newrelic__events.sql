with events as (

    select * from {{ source('lake', 'newrelic_events') }}

),

typed as (

    select
        cast(request_key as uuid) as transaction_key,
        cast(trace_operation_key as uuid) as trace_operation_key,
        cast(trace_key as uuid) as trace_key,
        cast(order_key as uuid) as order_key,
        event_type,
        {{ iso_time('timestamp') }} as started_at,
        app_name as service,
        operation,
        1000 * try_cast(duration as double) as duration_ms,
        -- The attribute is absent where all went well.
        coalesce(error = 'true', false) as has_error,
        error_class,
        coalesce(error_expected = 'true', false) as is_expected_error,
        try_cast(status_code as integer) as status_code,
        payment_method as wallet,
        {{ is_test_environment('environment') }} as is_test,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from events

)

select
    *,
    case
        when started_at is null then 'unreadable'
        when event_type = 'Transaction' then 'transaction'
        when event_type = 'TransactionError' then 'transaction_error'
        else 'out_of_scope'
    end as row_kind
from typed
