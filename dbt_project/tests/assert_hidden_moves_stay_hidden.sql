-- What subtracting the shown moves from the size of a segment, before or after, leaves is nothing, or
-- two moves or more with enough people, or all moves of the segment.
{{ config(
    meta={
        'description': 'Moves that marketing may not see follow from those it sees',
        'dagster': {'ref': {'name': 'published_marketing__segment_movement'}},
    }
) }}

with moves as (

    select
        movement.month_end,
        movement.from_segment,
        movement.to_segment,
        movement.users,
        shown.month_end is null as is_hidden
    from {{ ref('published_analyst__segment_movement') }} as movement
    left join {{ ref('published_marketing__segment_movement') }} as shown
        on movement.month_end = shown.month_end
        and movement.from_segment = shown.from_segment
        and movement.to_segment = shown.to_segment

),

sides as (

    select month_end, 'from' as side, from_segment as segment, users, is_hidden from moves
    union all
    select month_end, 'to', to_segment, users, is_hidden from moves

),

added as (

    select
        month_end,
        side,
        segment,
        count(*) as parts,
        sum(case when is_hidden then 1 else 0 end) as hidden_parts,
        sum(case when is_hidden then users else 0 end) as hidden_users
    from sides
    group by month_end, side, segment

)

select *
from added
where
    hidden_parts between 1 and parts - 1
    and (hidden_parts < 2 or hidden_users < {{ minimum_cell_users() }})
