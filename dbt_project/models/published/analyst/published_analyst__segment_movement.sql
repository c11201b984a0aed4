{{ config(alias='segment_movement', materialized='table') }}

with movement as (

    select * from {{ source('analysis', 'segment_movement') }}

)

select
    cast(month_end as date) as month_end,
    cast(from_segment as varchar) as from_segment,
    cast(to_segment as varchar) as to_segment,
    cast(users as bigint) as users,
    {{ share('users', 'sum(users) over (partition by month_end, from_segment)') }} as share_of_from
from movement
