{{ config(alias='failure_driver_effects') }}

with effects as (

    select * from {{ source('analysis', 'failure_driver_effects') }}

)

select
    cast(kind as varchar) as kind,
    cast(feature as varchar) as feature,
    cast(value as varchar) as value,
    cast(reference as varchar) as reference,
    cast(estimate as double) as estimate,
    cast(low as double) as low,
    cast(high as double) as high,
    cast(attempts as bigint) as attempts
from effects
