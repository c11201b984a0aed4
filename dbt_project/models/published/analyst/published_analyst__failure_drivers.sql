{{ config(alias='failure_drivers') }}

with drivers as (

    select * from {{ source('analysis', 'failure_drivers') }}

)

select
    cast(feature as varchar) as feature,
    cast(importance_mean as double) as importance_mean,
    cast(importance_sd as double) as importance_sd,
    cast(rank as integer) as rank
from drivers
