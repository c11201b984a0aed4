{{ config(alias='fct_security_events') }}

with security_events as (

    select * from {{ ref('fct_security_events') }}

)

select
    security_event_key,
    user_key,
    device_key,
    ip_block_key,
    order_key,
    event,
    method,
    wallet,
    country,
    date_trunc('hour', occurred_at) as occurred_hour,
    business_date,
    local_hour,
    is_test,
    file_sha256,
    row_number
from security_events
