-- The reasons of a slice add up to its failures and to what was expected of it, and the rate and mix
-- effects of a dimension to the change of the failure rate.
{{ config(
    meta={
        'description': 'What is behind a drop does not add up',
        'dagster': {'ref': {'name': 'published_analyst__failure_drops'}},
    }
) }}

with reasons as (

    select
        drop_id,
        slice_rank,
        sum(failed) as failed,
        sum(expected) as expected
    from {{ ref('published_analyst__failure_root_cause_reasons') }}
    group by drop_id, slice_rank

),

effects as (

    select
        drop_id,
        dimension,
        sum(rate_effect + mix_effect) as effect
    from {{ ref('published_analyst__failure_mix_rate') }}
    group by drop_id, dimension

)

select
    causes.drop_id,
    causes.slice
from {{ ref('published_analyst__failure_root_causes') }} as causes
left join reasons
    on causes.drop_id = reasons.drop_id
    and causes.slice_rank = reasons.slice_rank
where reasons.failed is null
    or reasons.failed <> causes.failed
    or abs(reasons.expected - causes.expected) > cast(0.000001 as double) * (1 + causes.expected)

union all

select
    drops.drop_id,
    effects.dimension
from {{ ref('published_analyst__failure_drops') }} as drops
inner join effects on drops.drop_id = effects.drop_id
where abs(effects.effect - drops.change) > cast(0.000000001 as double)
