with events as (

    select * from {{ ref('stg_mixpanel__events') }} where row_kind = 'checkout_event'

),

identified as (

    select
        *,
        -- Mixpanel's four keys tell events apart; without an insert id the second equal line of a
        -- file is a second event, and the second file's first a copy.
        case
            when insert_key is not null then event_identity_key
            else {{ derived_key(['event_identity_key', "row_number() over (
                partition by event_identity_key, file_sha256, source_file order by row_number
            )"]) }}
        end as event_key
    from events

)

select
    'mixpanel_events' as source,
    event_key,
    step,
    event_name,
    visitor_key,
    cast(null as uuid) as session_key,
    user_key,
    order_key,
    wallet,
    amount,
    currency,
    is_one_tap,
    language,
    cast(null as varchar) as device_category,
    os,
    platform,
    occurred_at,
    processed_ms as tie_order,
    cast(0 as bigint) as second_tie_order,
    false as is_derived,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file,
    {{ copy_rank('event_key', ['processed_ms desc nulls last']) }} as copy_rank
from identified
