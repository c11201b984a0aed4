{{ config(alias='failure_drops') }}

with drops as (

    select * from {{ ref('published_analyst__failure_drops') }}

)

select
    drop_id,
    kind,
    started_date,
    started_hour,
    ended_date,
    ended_hour,
    attempts,
    failed,
    users,
    failure_rate,
    base_attempts,
    base_failed,
    base_failure_rate,
    change,
    expected,
    p_value,
    slices,
    amount_failed,
    currency
from drops
where users >= {{ minimum_cell_users() }}
