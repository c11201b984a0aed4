with events as (

    select *, {{ local_ts('occurred_at') }} as occurred_at_local
    from {{ ref('int_security_events__ranked') }}
    where copy_rank = 1

)

select
    security_event_key,
    user_key,
    device_key,
    ip_block_key,
    order_key,
    event,
    method,
    wallet,
    country,
    occurred_at,
    cast(occurred_at_local as date) as business_date,
    cast(extract(hour from occurred_at_local) as integer) as local_hour,
    is_test,
    is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from events
