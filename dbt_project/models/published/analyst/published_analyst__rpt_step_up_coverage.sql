{{ config(alias='rpt_step_up_coverage') }}

with report as (

    select * from {{ ref('rpt_step_up_coverage') }}

)

select
    month,
    slice,
    wallet,
    currency,
    large_amount,
    users,
    paid_attempts,
    attempts_told,
    attempts_stepped_up,
    amount_without_step_up,
    step_up_coverage,
    step_up_coverage_low,
    step_up_coverage_high,
    is_small_sample
from report
