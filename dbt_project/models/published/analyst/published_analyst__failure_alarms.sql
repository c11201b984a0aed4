{{ config(alias='failure_alarms') }}

with alarms as (

    select * from {{ source('analysis', 'failure_alarms') }}

)

select
    cast(alarm_id as varchar) as alarm_id,
    cast(series as varchar) as series,
    cast(chart as varchar) as chart,
    cast({{ local_ts('raised_at') }} as date) as raised_date,
    cast(extract(hour from {{ local_ts('raised_at') }}) as integer) as raised_hour,
    cast({{ local_ts('started_at') }} as date) as started_date,
    cast(extract(hour from {{ local_ts('started_at') }}) as integer) as started_hour,
    cast({{ local_ts('ended_at') }} as date) as ended_date,
    cast(extract(hour from {{ local_ts('ended_at') }}) as integer) as ended_hour,
    cast(attempts as bigint) as attempts,
    cast(failed as bigint) as failed,
    cast(expected as double) as expected,
    cast(users as bigint) as users,
    cast(score as double) as score,
    cast(score_limit as double) as score_limit,
    cast(amount_failed as decimal(18, 4)) as amount_failed,
    cast(currency as varchar) as currency,
    cast(is_main as boolean) as is_main
from alarms
