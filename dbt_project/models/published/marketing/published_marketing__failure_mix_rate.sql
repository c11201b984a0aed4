{{ config(alias='failure_mix_rate') }}

with effects as (

    select * from {{ ref('published_analyst__failure_mix_rate') }}

),

drops as (

    select * from {{ ref('published_marketing__failure_drops') }}

),

values_ranked as (

    select
        drop_id,
        dimension,
        case when users >= {{ minimum_cell_users() }} then dimension_value end
            as dimension_value,
        row_number() over (
            partition by drop_id, dimension
            order by abs(mix_effect) desc, dimension_value
        ) as place
    from effects

),

-- As decimals: added up as doubles, the last digits would depend on the order of rows.
added as (

    select
        drop_id,
        dimension,
        cast(sum(cast(rate_effect as decimal(18, 12))) as double) as rate_effect,
        cast(sum(cast(mix_effect as decimal(18, 12))) as double) as mix_effect
    from effects
    group by drop_id, dimension

)

select
    added.drop_id,
    added.dimension,
    added.rate_effect,
    added.mix_effect,
    values_ranked.dimension_value as largest_mix_value,
    drops.users
from added
inner join drops on added.drop_id = drops.drop_id
inner join values_ranked
    on added.drop_id = values_ranked.drop_id
    and added.dimension = values_ranked.dimension
    and values_ranked.place = 1
