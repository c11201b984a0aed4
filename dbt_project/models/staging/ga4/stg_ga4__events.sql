with events as (

    select *, lower(_source_file) like '%intraday%' as is_intraday
    from {{ source('lake', 'ga4_events') }}

),

-- Google deletes the intraday table of a day once the daily one is complete: where both were
-- exported, the daily one says it all. Only the table's name, which is the file's, tells them apart.
complete_days as (

    select distinct coalesce(stream_id, '') as stream_id, event_date
    from events
    where not is_intraday

),

typed as (

    select
        cast(events.event_key as uuid) as event_identity_key,
        cast(events.visitor_key as uuid) as visitor_key,
        cast(events.session_key as uuid) as session_key,
        cast(events.user_key as uuid) as user_key,
        cast(events.order_key as uuid) as order_key,
        {{ iso_time('events.event_timestamp') }} as occurred_at,
        cast(events.event_date as date) as property_date,
        events.event_name,
        {{ checkout_step('events.event_name', 'events.declared_step') }} as step,
        coalesce(try_cast(events.bundle_sequence_id as bigint), 0) as bundle_sequence_id,
        coalesce(try_cast(events.batch_event_index as bigint), 0) as batch_event_index,
        events.payment_type as wallet,
        {{ amount('coalesce(events.value, events.purchase_revenue, events.refund_value)') }}
            as amount,
        events.currency,
        coalesce(events.one_tap = 'true', false) as is_one_tap,
        lower(events.language) as language,
        lower(events.device_category) as device_category,
        events.os,
        lower(events.platform) as platform,
        events.is_intraday,
        events.is_intraday and complete_days.event_date is not null as is_superseded,

        events._export_date as export_date,
        events._ingested_at as ingested_at,
        events._content_hash as content_hash,
        events._file_sha256 as file_sha256,
        events._row_number as row_number,
        events._source_file as source_file

    from events
    left join complete_days
        on coalesce(events.stream_id, '') = complete_days.stream_id
        and events.event_date = complete_days.event_date

)

select
    *,
    case
        when step is null or is_superseded then 'out_of_scope'
        when occurred_at is null then 'unreadable'
        else 'checkout_event'
    end as row_kind
from typed
