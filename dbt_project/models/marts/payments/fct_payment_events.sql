with events as (

    select * from {{ ref('int_payment_events__deduplicated') }}

),

payers as (

    select * from {{ ref('int_payers__customers') }}

)

select
    events.event_key,
    events.capture_key,
    events.order_key,
    coalesce(events.user_key, payers.user_key, events.payer_key) as user_key,
    case
        when coalesce(events.user_key, payers.user_key) is not null then 'subject'
        when events.payer_key is not null then events.payer_scope
    end as user_key_scope,
    events.provider,
    events.wallet,
    events.method_family,
    events.funding_brand,
    events.event_type,
    events.provider_type,
    events.occurred_at,
    events.business_date,
    events.amount,
    events.currency,
    events.is_derived,
    events.source,
    events.file_sha256,
    {{ archive_member('events.source_file') }} as file_member,
    events.row_number
from events
left join payers
    on events.payer_scope = payers.payer_scope
    and events.payer_key = payers.payer_key
