with events as (

    select * from {{ ref('stg_ga4__events') }} where row_kind = 'checkout_event'

),

-- Events of a batch may be equal in everything that is exported: the second of a file is a second
-- event, the second file's first is a copy.
numbered as (

    select
        *,
        row_number() over (
            partition by event_identity_key, file_sha256, source_file order by row_number
        ) as occurrence
    from events

),

identified as (

    select
        *,
        -- A thank-you page that is loaded again sends its purchase again, even months later. A
        -- purchase without a transaction number can only be told apart as any event can.
        case
            when step = 'purchase' and order_key is not null
                then {{ derived_key(["'ga4_purchase'", 'order_key']) }}
            else {{ derived_key(['event_identity_key', 'occurrence']) }}
        end as event_key
    from numbered

)

select
    'ga4_events' as source,
    event_key,
    step,
    event_name,
    visitor_key,
    session_key,
    user_key,
    order_key,
    wallet,
    amount,
    currency,
    is_one_tap,
    language,
    device_category,
    os,
    platform,
    occurred_at,
    bundle_sequence_id as tie_order,
    batch_event_index as second_tie_order,
    false as is_derived,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file,
    {{ copy_rank('event_key', [
        'occurred_at',
        'bundle_sequence_id',
        'batch_event_index',
        'case when is_intraday then 1 else 0 end',
    ]) }} as copy_rank
from identified
