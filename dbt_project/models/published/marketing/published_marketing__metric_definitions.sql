{{ config(alias='metric_definitions') }}

with definitions as (

    select * from {{ ref('metric_definitions') }}

)

select
    metric_id,
    label_en,
    label_zh,
    description_en,
    description_zh,
    numerator,
    denominator,
    exclusions,
    unit,
    good_direction
from definitions
