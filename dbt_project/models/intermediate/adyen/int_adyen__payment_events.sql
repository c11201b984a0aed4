with events as (

    select * from {{ ref('int_adyen__events') }}

)

select
    'adyen_accounting' as source,
    'adyen' as provider,
    event_key,
    event_type,
    record_type as provider_type,
    capture_key,
    order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    wallet,
    method_family,
    funding_brand,
    booked_at as occurred_at,
    business_date,
    amount,
    currency,
    1 as source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from events
