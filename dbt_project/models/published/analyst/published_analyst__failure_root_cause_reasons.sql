{{ config(alias='failure_root_cause_reasons') }}

with reasons as (

    select * from {{ source('analysis', 'failure_root_cause_reasons') }}

)

select
    cast(drop_id as varchar) as drop_id,
    cast(slice_rank as integer) as slice_rank,
    cast(failure_category as varchar) as failure_category,
    cast(failed as bigint) as failed,
    cast(expected as double) as expected,
    cast(users as bigint) as users
from reasons
