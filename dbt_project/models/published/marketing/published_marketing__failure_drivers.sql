{{ config(alias='failure_drivers') }}

with drivers as (

    select * from {{ ref('published_analyst__failure_drivers') }}

)

select feature, importance_mean, importance_sd, rank
from drivers
