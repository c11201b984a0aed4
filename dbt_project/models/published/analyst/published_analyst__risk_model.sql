{{ config(alias='risk_model') }}

with risk_model as (

    select * from {{ source('analysis', 'risk_model') }}

)

select
    cast(model_id as varchar) as model_id,
    cast(metric as varchar) as metric,
    cast(value as double) as value,
    cast(baseline_rules as double) as baseline_rules,
    cast(users as bigint) as users,
    cast(is_usable as boolean) as is_usable,
    cast(message as varchar) as message,
    cast(trained_from as date) as trained_from,
    cast(trained_to as date) as trained_to,
    cast(tested_from as date) as tested_from,
    cast(tested_to as date) as tested_to
from risk_model
