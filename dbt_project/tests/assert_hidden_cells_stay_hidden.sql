-- What subtracting the shown cells of failure_breakdown from their total leaves is nothing, or two
-- cells or more with enough people; and where a total is hidden, adding up does not give it.
{{ config(
    meta={
        'description': 'Cells that marketing may not see follow from those it sees',
        'dagster': {'ref': {'name': 'published_marketing__failure_breakdown'}},
    }
) }}

with cells as (

    select
        breakdown.dimension,
        breakdown.dimension_value,
        breakdown.failure_category,
        coalesce(breakdown.users, 0) as users,
        shown.dimension is null as is_hidden
    from {{ ref('published_analyst__failure_breakdown') }} as breakdown
    left join {{ ref('published_marketing__failure_breakdown') }} as shown
        on breakdown.dimension = shown.dimension
        and breakdown.dimension_value = shown.dimension_value
        and breakdown.failure_category = shown.failure_category

),

parts as (

    select 'all' as total_dimension, 'all' as total_value, failure_category as total_category,
        dimension as direction, users, is_hidden
    from cells
    where dimension <> 'all'
    union all
    select dimension, dimension_value, 'all', 'causes', users, is_hidden
    from cells
    where failure_category <> 'all'

),

added as (

    select
        total_dimension,
        total_value,
        total_category,
        direction,
        sum(case when is_hidden then 1 else 0 end) as hidden_parts,
        sum(case when is_hidden then users else 0 end) as hidden_users
    from parts
    group by total_dimension, total_value, total_category, direction

)

select added.*, totals.is_hidden as is_total_hidden
from added
inner join cells as totals
    on added.total_dimension = totals.dimension
    and added.total_value = totals.dimension_value
    and added.total_category = totals.failure_category
where
    (totals.is_hidden and added.hidden_parts = 0)
    or (
        not totals.is_hidden
        and added.hidden_parts > 0
        and (added.hidden_parts < 2 or added.hidden_users < {{ minimum_cell_users() }})
    )
