{{ config(alias='lifecycle_rules', materialized='table') }}

with rules as (

    select * from {{ source('analysis', 'lifecycle_rules') }}

)

select
    cast(lifecycle_segment as varchar) as lifecycle_segment,
    cast(recency_days_from as integer) as recency_days_from,
    cast(recency_days_to as integer) as recency_days_to,
    cast(orders_from as integer) as orders_from,
    cast(orders_to as integer) as orders_to,
    cast(thresholds_version as varchar) as thresholds_version,
    cast(is_frozen as boolean) as is_frozen
from rules
