{{ config(alias='rpt_checkout_funnel_monthly') }}

with report as (

    select * from {{ ref('rpt_checkout_funnel_monthly') }}

),

{{ cells_with_company('report', 'month, source, dimension, step_number') }}

select
    month,
    source,
    dimension,
    dimension_value,
    step_number,
    step,
    users,
    visits,
    step_conversion_rate,
    step_conversion_rate_low,
    step_conversion_rate_high,
    checkout_conversion_rate,
    one_tap_share,
    seconds_from_checkout_p50
from cells_with_company
