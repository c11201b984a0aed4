{{ config(alias='failure_breakdown') }}

{#- Rounds of hiding: of 42 random tables all came to rest after two; a merchant with four providers,
    two of them small, needed more than four. The test assert_hidden_cells_stay_hidden stops the run if
    this one should need more than eight. -#}
{% set rounds = 8 %}

with breakdown as (

    select * from {{ ref('published_analyst__failure_breakdown') }}

),

-- Of twelve people who failed one may have paid in the end: the sum would be that one's amount.
owners as (

    select * from {{ source('analysis', 'failure_breakdown') }}

),

small as (

    select
        dimension,
        dimension_value,
        failure_category,
        failed,
        coalesce(users, 0) as users,
        coalesce(users, 0) < {{ minimum_cell_users() }} as is_hidden
    from breakdown

),

{{ hide_with_company('small', 'hidden_0') }},

{% for round in range(1, rounds + 1) %}
-- Values of a dimension add up to everything, for each cause.
{{ hide_along(
    'hidden_' ~ (round - 1), 'hidden_by_value_' ~ round,
    group='dimension, failure_category', part="dimension <> 'all'",
    total_group='failure_category', total="dimension = 'all'",
) }},

{{ hide_causes_of_hidden_values('hidden_by_value_' ~ round, 'whole_values_' ~ round) }},

-- Causes add up to all failures, for each value.
{{ hide_along(
    'whole_values_' ~ round, 'hidden_by_cause_' ~ round,
    group='dimension, dimension_value', part="failure_category <> 'all'",
    total_group='dimension, dimension_value', total="failure_category = 'all'",
) }},

{{ hide_causes_of_hidden_values('hidden_by_cause_' ~ round, 'hidden_' ~ round) }},

{% endfor %}
shown as (

    select dimension, dimension_value, failure_category
    from hidden_{{ rounds }}
    where not is_hidden

)

select
    breakdown.dimension,
    breakdown.dimension_value,
    breakdown.failure_category,
    breakdown.attempts,
    breakdown.failed,
    breakdown.users,
    breakdown.failure_rate,
    breakdown.failure_rate_low,
    breakdown.failure_rate_high,
    breakdown.share_of_failures,
    breakdown.amount_failed,
    {{ sum_of_enough('owners', at_risk_of_enough('owners'), ['at_risk']) }} as amount_at_risk,
    {{ sum_of_enough('owners', 'owners.amount_recovered', ['recovered', 'lost']) }} as amount_recovered,
    {{ sum_of_enough('owners', 'owners.amount_lost', ['recovered', 'lost']) }} as amount_lost,
    breakdown.currency,
    breakdown.is_small_sample
from breakdown
inner join shown
    on breakdown.dimension = shown.dimension
    and breakdown.dimension_value = shown.dimension_value
    and breakdown.failure_category = shown.failure_category
inner join owners
    on breakdown.dimension = owners.dimension
    and breakdown.dimension_value = owners.dimension_value
    and breakdown.failure_category = owners.failure_category
