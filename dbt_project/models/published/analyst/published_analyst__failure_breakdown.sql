{{ config(alias='failure_breakdown') }}

with breakdown as (

    select * from {{ source('analysis', 'failure_breakdown') }}

)

select
    cast(dimension as varchar) as dimension,
    cast(dimension_value as varchar) as dimension_value,
    cast(failure_category as varchar) as failure_category,
    cast(attempts as bigint) as attempts,
    cast(failed as bigint) as failed,
    cast(users as bigint) as users,
    cast(failure_rate as double) as failure_rate,
    cast(failure_rate_low as double) as failure_rate_low,
    cast(failure_rate_high as double) as failure_rate_high,
    cast(share_of_failures as double) as share_of_failures,
    cast(amount_failed as decimal(18, 4)) as amount_failed,
    cast(amount_at_risk as decimal(18, 4)) as amount_at_risk,
    cast(amount_recovered as decimal(18, 4)) as amount_recovered,
    cast(amount_lost as decimal(18, 4)) as amount_lost,
    cast(currency as varchar) as currency,
    cast(is_small_sample as boolean) as is_small_sample
from breakdown
