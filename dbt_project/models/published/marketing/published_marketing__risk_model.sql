{{ config(alias='risk_model') }}

with risk_model as (

    select * from {{ ref('published_analyst__risk_model') }}

)

select
    model_id,
    metric,
    value,
    baseline_rules,
    users,
    is_usable,
    message,
    trained_from,
    trained_to,
    tested_from,
    tested_to
from risk_model
where users >= {{ minimum_cell_users() }}
