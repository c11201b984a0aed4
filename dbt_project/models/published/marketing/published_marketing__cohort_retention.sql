{{ config(alias='cohort_retention') }}

with retention as (

    select * from {{ ref('published_analyst__cohort_retention') }}

)

select cohort_month, months_since, cohort_users, users, retained_share
from retention
-- Nine who did not come back are as few as nine who did.
where
    users >= {{ minimum_cell_users() }}
    and (cohort_users = users or cohort_users - users >= {{ minimum_cell_users() }})
