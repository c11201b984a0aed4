{{ config(alias='failure_mix_rate') }}

with effects as (

    select * from {{ source('analysis', 'failure_mix_rate') }}

)

select
    cast(drop_id as varchar) as drop_id,
    cast(dimension as varchar) as dimension,
    cast(dimension_value as varchar) as dimension_value,
    cast(attempts as bigint) as attempts,
    cast(failed as bigint) as failed,
    cast(base_attempts as bigint) as base_attempts,
    cast(base_failed as bigint) as base_failed,
    cast(rate_effect as double) as rate_effect,
    cast(mix_effect as double) as mix_effect,
    cast(users as bigint) as users
from effects
