{{ config(alias='failure_driver_model') }}

with model as (

    select * from {{ ref('published_analyst__failure_driver_model') }}

)

select
    model_id,
    metric,
    value,
    baseline_constant,
    baseline_lookup,
    is_usable,
    message,
    trained_from,
    trained_to,
    tested_from,
    tested_to
from model
