{{ config(alias='daily_performance') }}

with performance as (

    select * from {{ ref('published_analyst__daily_performance') }}

)

select
    business_date,
    wallet,
    users,
    attempts,
    succeeded,
    failed,
    unknown,
    attempt_success_rate
from performance
where users >= {{ minimum_cell_users() }}
