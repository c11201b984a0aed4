{{ config(alias='risk_model') }}

with model as (

    select
        *,
        max(case when metric = 'people' then value end) over () as people
    from {{ ref('published_analyst__risk_model') }}

)

select
    model_id,
    metric,
    value,
    baseline_rules,
    is_usable,
    message,
    trained_from,
    trained_to,
    tested_from,
    tested_to
from model
where people is null or people >= {{ minimum_cell_users() }}
