{{ config(alias='cohort_retention', materialized='table') }}

with retention as (

    select * from {{ source('analysis', 'cohort_retention') }}

)

select
    cast(cohort_month as date) as cohort_month,
    cast(months_since as integer) as months_since,
    cast(cohort_users as bigint) as cohort_users,
    cast(users as bigint) as users,
    {{ metric('retained_share') }} as retained_share
from retention
