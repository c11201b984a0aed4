{{ config(alias='rpt_revenue_daily') }}

with report as (

    select * from {{ ref('rpt_revenue_daily') }}

)

select
    business_date,
    provider,
    wallet,
    currency,
    users,
    captures,
    captured_amount,
    refunded_amount,
    net_amount,
    reporting_currency,
    reporting_rate,
    reporting_rate_source,
    reporting_rate_date,
    reporting_captured_amount,
    reporting_net_amount
from report
