{{ config(alias='fct_support_tickets') }}

with support_tickets as (

    select * from {{ ref('fct_support_tickets') }}

)

select
    ticket_key,
    order_key,
    user_key,
    wallet,
    topic,
    channel,
    language,
    status,
    date_trunc('hour', created_at) as created_hour,
    date_trunc('hour', first_response_at) as first_response_hour,
    date_trunc('hour', resolved_at) as resolved_hour,
    business_date,
    local_hour,
    first_response_seconds,
    resolution_seconds,
    is_resolved,
    is_test,
    file_sha256,
    row_number
from support_tickets
