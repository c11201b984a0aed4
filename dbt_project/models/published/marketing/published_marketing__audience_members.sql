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

-- Lists are as long as the summary says; what the summary hides has none.
shown_segments as (

    select lifecycle_segment from {{ ref('published_marketing__segment_summary') }}

)

select members.lifecycle_segment, members.user_key
from members
inner join shown_segments on members.lifecycle_segment = shown_segments.lifecycle_segment
