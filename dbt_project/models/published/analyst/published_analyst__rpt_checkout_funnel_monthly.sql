{{ config(alias='rpt_checkout_funnel_monthly') }}

with report as (

    select * from {{ ref('rpt_checkout_funnel_monthly') }}

)

select
    month,
    source,
    dimension,
    dimension_value,
    step_number,
    step,
    users,
    visits,
    visits_lost,
    step_conversion_rate,
    step_conversion_rate_low,
    step_conversion_rate_high,
    checkout_conversion_rate,
    checkout_conversion_rate_low,
    checkout_conversion_rate_high,
    one_tap_share,
    one_tap_share_low,
    one_tap_share_high,
    seconds_from_checkout_p50,
    is_small_sample
from report
