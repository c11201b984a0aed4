with events as (

    select *
    from {{ ref('stg_newrelic__events') }}
    where row_kind in ('transaction', 'transaction_error')

),

-- Without a guid, what an event says is all that tells it from another; the second equal event of a
-- file is a second event, the second file's first is a copy.
numbered as (

    select
        *,
        coalesce(transaction_key, {{ derived_key(['content_hash', "row_number() over (
            partition by content_hash, file_sha256, source_file order by row_number
        )"]) }}) as own_key
    from events

),

transactions as (

    select * from numbered where row_kind = 'transaction'

),

by_trace as (

    select trace_operation_key, min(own_key) as own_key
    from transactions
    where trace_operation_key is not null
    group by trace_operation_key

),

keyed as (

    select transactions.*, transactions.own_key as request_key, 1 as source_rank
    from transactions

    union all

    -- An error is told of beside its transaction: one request, known from two events.
    select
        errors.*,
        case when errors.transaction_key is null then coalesce(by_trace.own_key, errors.own_key)
            else errors.own_key end as request_key,
        2 as source_rank
    from numbered as errors
    left join by_trace on errors.trace_operation_key = by_trace.trace_operation_key
    where errors.row_kind = 'transaction_error'

),

judged as (

    select
        *,
        max(error_class) over (partition by request_key) as known_error_class,
        max(case when has_error or row_kind = 'transaction_error' then 1 else 0 end) over (
            partition by request_key
        ) as errors,
        max(case when is_expected_error then 1 else 0 end) over (partition by request_key)
            as expected_errors
    from keyed

)

select
    'newrelic_events' as source,
    request_key,
    trace_key,
    order_key,
    started_at,
    service,
    operation,
    duration_ms,
    case
        -- What the service calls expected (a declined card) is an answer, not a fault.
        when expected_errors = 1 then false
        when errors = 1 then true
        else coalesce(status_code >= 500, false)
    end as is_error,
    expected_errors = 1 as is_expected_error,
    known_error_class as error_class,
    status_code,
    wallet,
    row_kind = 'transaction_error' as is_error_only,
    is_test,
    false as is_derived,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file,
    {{ copy_rank('request_key', ['source_rank']) }} as copy_rank
from judged
