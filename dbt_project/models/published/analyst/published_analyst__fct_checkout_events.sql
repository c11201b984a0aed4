{{ config(alias='fct_checkout_events') }}

with checkout_events as (

    select * from {{ ref('fct_checkout_events') }}

)

select
    event_key,
    source,
    step,
    event_name,
    visit_key,
    visitor_key,
    user_key,
    order_key,
    wallet,
    visit_wallet,
    amount,
    currency,
    is_one_tap,
    language,
    device_category,
    os,
    platform,
    date_trunc('hour', occurred_at) as occurred_hour,
    business_date,
    local_hour,
    event_number,
    file_sha256,
    row_number
from checkout_events
