{{ config(alias='failure_alarms') }}

with alarms as (

    select * from {{ ref('published_analyst__failure_alarms') }}

)

select
    alarm_id,
    series,
    chart,
    raised_date,
    raised_hour,
    started_date,
    started_hour,
    ended_date,
    ended_hour,
    attempts,
    failed,
    expected,
    users,
    score,
    score_limit,
    amount_failed,
    currency,
    is_main
from alarms
where users >= {{ minimum_cell_users() }}
