-- Causes, where any are listed, add up to the failures of each value, the values of each dimension to everything, and what
-- was recovered or lost never exceeds what was at risk.
{{ config(
    meta={
        'description': 'The breakdown of failures does not add up',
        'dagster': {'ref': {'name': 'published_analyst__failure_breakdown'}},
    }
) }}

with cells as (

    select * from {{ ref('published_analyst__failure_breakdown') }}

),

causes as (

    select
        dimension,
        dimension_value,
        max(case when failure_category = 'all' then failed end) as whole,
        sum(case when failure_category <> 'all' then failed end) as parts
    from cells
    group by dimension, dimension_value

),

dimensions as (

    select
        cells.dimension,
        max(everything.failed) as whole,
        sum(cells.failed) as parts
    from cells
    inner join cells as everything
        on everything.dimension = 'all'
        and everything.failure_category = 'all'
    where cells.failure_category = 'all'
    group by cells.dimension

)

select dimension, dimension_value, 'causes' as what
from causes
where whole <> parts

union all

select dimension, cast(null as varchar), 'values'
from dimensions
where whole <> parts

union all

select dimension, dimension_value, 'money'
from cells
where amount_recovered + amount_lost > amount_at_risk
