with events as (

    select * from {{ source('lake', 'security_events') }}

),

typed as (

    select
        cast(security_event_key as uuid) as security_event_key,
        cast(user_key as uuid) as user_key,
        cast(device_key as uuid) as device_key,
        cast(ip_block_key as uuid) as ip_block_key,
        cast(order_key as uuid) as order_key,
        {{ iso_time('occurred_at') }} as occurred_at,
        event,
        method,
        wallet,
        country,
        coalesce(is_test = 'true', false) as is_test,

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
    case when occurred_at is null then 'unreadable' else 'security_event' end as row_kind
from typed
