{{ config(alias='failure_drops') }}

with drops as (

    select * from {{ source('analysis', 'failure_drops') }}

)

select
    cast(drop_id as varchar) as drop_id,
    cast(kind as varchar) as kind,
    cast({{ local_ts('started_at') }} as date) as started_date,
    cast(extract(hour from {{ local_ts('started_at') }}) as integer) as started_hour,
    cast({{ local_ts('ended_at') }} as date) as ended_date,
    cast(extract(hour from {{ local_ts('ended_at') }}) as integer) as ended_hour,
    cast(attempts as bigint) as attempts,
    cast(failed as bigint) as failed,
    cast(users as bigint) as users,
    cast(failure_rate as double) as failure_rate,
    cast(base_attempts as bigint) as base_attempts,
    cast(base_failed as bigint) as base_failed,
    cast(base_failure_rate as double) as base_failure_rate,
    cast(change as double) as change,
    cast(expected as double) as expected,
    cast(p_value as double) as p_value,
    cast(slices as integer) as slices,
    cast(amount_failed as decimal(18, 4)) as amount_failed,
    cast(currency as varchar) as currency
from drops
