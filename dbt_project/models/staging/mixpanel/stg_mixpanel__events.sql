with events as (

    select * from {{ source('lake', 'mixpanel_events') }}

),

typed as (

    select
        cast(event_key as uuid) as event_identity_key,
        cast(insert_key as uuid) as insert_key,
        cast(visitor_key as uuid) as visitor_key,
        cast(user_key as uuid) as user_key,
        cast(order_key as uuid) as order_key,
        {{ iso_time('time') }} as occurred_at,
        event as event_name,
        {{ checkout_step('event', 'declared_step') }} as step,
        try_cast(processed_ms as bigint) as processed_ms,
        payment_method as wallet,
        {{ amount('amount') }} as amount,
        currency,
        coalesce(one_tap = 'true', false) as is_one_tap,
        lower(replace(language, '_', '-')) as language,
        os,
        platform,

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
        when step is null then 'out_of_scope'
        when occurred_at is null then 'unreadable'
        else 'checkout_event'
    end as row_kind
from typed
