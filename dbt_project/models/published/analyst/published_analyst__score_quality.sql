{{ config(alias='score_quality', materialized='table') }}

with measured as (

    select * from {{ source('analysis', 'score_quality') }}

)

select
    cast(metric as varchar) as metric,
    cast(value as double) as value,
    cast(baseline as double) as baseline,
    cast(baseline_name as varchar) as baseline_name,
    cast(verdict as varchar) as verdict,
    cast(users as bigint) as users,
    cast(cutoff_date as date) as cutoff_date,
    cast(holdout_days as integer) as holdout_days
from measured
