{{ config(alias='rpt_support_performance_monthly') }}

with report as (

    select * from {{ ref('rpt_support_performance_monthly') }}

)

select
    month,
    wallet,
    topic,
    users,
    tickets,
    tickets_answered,
    tickets_resolved,
    ticket_response_rate,
    ticket_response_rate_low,
    ticket_response_rate_high,
    ticket_resolution_rate,
    ticket_resolution_rate_low,
    ticket_resolution_rate_high,
    first_response_hours_p50,
    first_response_hours_p90,
    resolution_hours_p50,
    resolution_hours_p90,
    is_small_sample
from report
