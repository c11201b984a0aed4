{{ config(alias='failure_breakdown') }}

with breakdown as (

    select * from {{ ref('published_analyst__failure_breakdown') }}

)

select
    dimension,
    dimension_value,
    failure_category,
    attempts,
    failed,
    users,
    failure_rate,
    failure_rate_low,
    failure_rate_high,
    share_of_failures,
    amount_failed,
    amount_at_risk,
    amount_recovered,
    amount_lost,
    currency,
    is_small_sample
from breakdown
where users >= {{ minimum_cell_users() }}
