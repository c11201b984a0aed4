{{ config(alias='segment_movement') }}

{#- Rounds of hiding, as in failure_breakdown; assert_hidden_moves_stay_hidden stops the run if this
    should need more. -#}
{% set rounds = 8 %}

with movement as (

    select * from {{ ref('published_analyst__segment_movement') }}

),

-- In the columns of the macro: rows of a month from a segment add up to that segment's size a month
-- before, rows to a segment to its size now. Both are known from the summary of segments.
hidden_0 as (

    select
        month_end as dimension,
        from_segment as dimension_value,
        to_segment as failure_category,
        users,
        users < {{ minimum_cell_users() }} as is_hidden
    from movement

),

{% for round in range(1, rounds + 1) %}
{{ hide_along(
    'hidden_' ~ (round - 1), 'hidden_to_' ~ round,
    group='dimension, failure_category', part='true',
    total_group='dimension, failure_category', total='false',
) }},

{{ hide_along(
    'hidden_to_' ~ round, 'hidden_' ~ round,
    group='dimension, dimension_value', part='true',
    total_group='dimension, dimension_value', total='false',
) }},

{% endfor %}
shown as (

    select
        dimension as month_end,
        dimension_value as from_segment,
        failure_category as to_segment
    from hidden_{{ rounds }}
    where not is_hidden

)

select
    movement.month_end,
    movement.from_segment,
    movement.to_segment,
    movement.users,
    movement.share_of_from
from movement
inner join shown
    on movement.month_end = shown.month_end
    and movement.from_segment = shown.from_segment
    and movement.to_segment = shown.to_segment
