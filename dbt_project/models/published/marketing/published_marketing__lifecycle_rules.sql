{{ config(alias='lifecycle_rules') }}

with rules as (

    select * from {{ ref('published_analyst__lifecycle_rules') }}

)

select
    lifecycle_segment,
    recency_days_from,
    recency_days_to,
    orders_from,
    orders_to,
    thresholds_version,
    is_frozen
from rules
