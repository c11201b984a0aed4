{{ config(alias='failure_root_causes') }}

with root_causes as (

    select * from {{ source('analysis', 'failure_root_causes') }}

)

select
    cast(drop_id as varchar) as drop_id,
    cast(slice_rank as integer) as slice_rank,
    cast(slice as varchar) as slice,
    cast(attempts as bigint) as attempts,
    cast(failed as bigint) as failed,
    cast(expected as double) as expected,
    cast(failure_rate as double) as failure_rate,
    cast(failure_rate_low as double) as failure_rate_low,
    cast(failure_rate_high as double) as failure_rate_high,
    cast(expected_rate as double) as expected_rate,
    cast(share_of_excess as double) as share_of_excess,
    cast(llr as double) as llr,
    cast(p_value as double) as p_value,
    cast(main_reason as varchar) as main_reason,
    cast(users as bigint) as users,
    cast(amount_failed as decimal(18, 4)) as amount_failed,
    cast(amount_excess as decimal(18, 4)) as amount_excess,
    cast(currency as varchar) as currency,
    cast(related_slices as varchar) as related_slices
from root_causes
