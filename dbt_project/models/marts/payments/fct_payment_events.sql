with events as (

    select * from {{ ref('int_payment_events__deduplicated') }}

)

select
    event_key,
    capture_key,
    order_key,
    coalesce(user_key, payer_key) as user_key,
    case
        when user_key is not null then 'subject'
        when payer_key is not null then payer_scope
    end as user_key_scope,
    provider,
    wallet,
    method_family,
    funding_brand,
    event_type,
    provider_type,
    occurred_at,
    business_date,
    amount,
    currency,
    is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from events
