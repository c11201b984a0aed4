{{ config(alias='step_up_breakdown') }}

with step_up_breakdown as (

    select * from {{ source('analysis', 'step_up_breakdown') }}

)

select
    cast(slice as varchar) as slice,
    cast(dimension as varchar) as dimension,
    cast(dimension_value as varchar) as dimension_value,
    cast(paid_attempts as bigint) as paid_attempts,
    cast(attempts_told as bigint) as attempts_told,
    cast(attempts_stepped_up as bigint) as attempts_stepped_up,
    cast(step_up_coverage as double) as step_up_coverage,
    cast(step_up_coverage_low as double) as step_up_coverage_low,
    cast(step_up_coverage_high as double) as step_up_coverage_high,
    cast(users as bigint) as users,
    cast(users_without_step_up as bigint) as users_without_step_up,
    cast(amount_paid as decimal(38,4)) as amount_paid,
    cast(amount_without_step_up as decimal(38,4)) as amount_without_step_up,
    cast(currency as varchar) as currency,
    cast(is_small_sample as boolean) as is_small_sample
from step_up_breakdown
