{{ config(alias='fct_payment_events') }}

with events as (

    select * from {{ ref('fct_payment_events') }}

)

select
    event_key,
    capture_key,
    order_key,
    user_key,
    user_key_scope,
    provider,
    wallet,
    method_family,
    funding_brand,
    event_type,
    date_trunc('hour', occurred_at) as occurred_hour,
    business_date,
    amount,
    currency,
    file_sha256,
    row_number
from events
