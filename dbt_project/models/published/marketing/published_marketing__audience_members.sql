{{ config(alias='audience_members') }}

with users as (

    select * from {{ ref('dim_users') }}

),

segments as (

    select * from {{ source('analysis', 'user_segments') }}

),

members as (

    select
        cast(segments.lifecycle_segment as varchar) as lifecycle_segment,
        users.user_key
    from users
    inner join segments on users.user_key = cast(segments.user_key as uuid)

),

large_segments as (

    select lifecycle_segment
    from members
    group by lifecycle_segment
    having count(distinct user_key) >= {{ minimum_cell_users() }}

)

select members.lifecycle_segment, members.user_key
from members
inner join large_segments on members.lifecycle_segment = large_segments.lifecycle_segment
