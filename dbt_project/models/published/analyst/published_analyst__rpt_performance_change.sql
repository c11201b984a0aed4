{{ config(alias='rpt_performance_change') }}

with report as (

    select * from {{ ref('rpt_performance_change') }}

)

select
    time_window,
    dimension,
    dimension_value,
    now_from,
    now_to,
    earlier_from,
    earlier_to,
    resolved_now,
    resolved_earlier,
    attempt_success_rate_now,
    attempt_success_rate_earlier,
    rate_change,
    rate_change_low,
    rate_change_high,
    is_clear_change,
    latency_p95_ms_now,
    latency_p95_ms_earlier,
    is_small_sample
from report
