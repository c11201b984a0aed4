{{ config(alias='score_quality') }}

with measured as (

    select * from {{ ref('published_analyst__score_quality') }}

)

select
    metric,
    value,
    baseline,
    baseline_name,
    verdict,
    users,
    cutoff_date,
    holdout_days
from measured
where users >= {{ minimum_cell_users() }}
