with tickets as (

    select * from {{ ref('int_support_tickets__ranked') }} where copy_rank = 1

),

orders as (

    select order_key, final_wallet from {{ ref('fct_payments') }}

),

localised as (

    select tickets.*, {{ local_ts('created_at') }} as created_at_local
    from tickets

)

select
    localised.ticket_key,
    localised.order_key,
    localised.user_key,
    coalesce(localised.wallet, orders.final_wallet, 'unknown') as wallet,
    localised.topic,
    localised.channel,
    localised.language,
    localised.status,
    localised.created_at,
    localised.first_response_at,
    localised.resolved_at,
    cast(localised.created_at_local as date) as business_date,
    cast(extract(hour from localised.created_at_local) as integer) as local_hour,
    {{ seconds_between('localised.created_at', 'localised.first_response_at') }}
        as first_response_seconds,
    {{ seconds_between('localised.created_at', 'localised.resolved_at') }} as resolution_seconds,
    localised.status in ('resolved', 'closed') as is_resolved,
    localised.is_test,
    localised.is_derived,
    localised.source,
    localised.file_sha256,
    {{ archive_member('localised.source_file') }} as file_member,
    localised.row_number
from localised
left join orders on localised.order_key = orders.order_key
