{{ config(alias='segment_proof', materialized='table') }}

with measured as (

    select * from {{ source('analysis', 'segment_proof') }}

)

select
    cast(lifecycle_segment as varchar) as lifecycle_segment,
    cast(users as bigint) as users,
    cast(predicted_active_share as double) as predicted_active_share,
    cast(actual_active_share as double) as actual_active_share,
    cast(predicted_orders_per_user as double) as predicted_orders_per_user,
    cast(actual_orders_per_user as double) as actual_orders_per_user,
    cast(actual_spend_per_user as double) as actual_spend_per_user,
    cast(cutoff_date as date) as cutoff_date,
    cast(holdout_days as integer) as holdout_days
from measured
