{{ config(alias='peak_hours') }}

with report as (

    select * from {{ ref('rpt_peak_hours') }}

)

select
    iso_weekday,
    local_hour,
    users,
    days,
    attempts,
    succeeded,
    failed,
    attempts_per_hour,
    load_factor,
    is_peak,
    attempt_success_rate,
    attempt_success_rate_low,
    attempt_success_rate_high,
    technical_error_rate,
    latency_p95_ms
from report
where users >= {{ minimum_cell_users() }}
