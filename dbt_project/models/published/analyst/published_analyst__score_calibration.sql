{{ config(alias='score_calibration', materialized='table') }}

with measured as (

    select * from {{ source('analysis', 'score_calibration') }}

)

select
    cast(band as integer) as band,
    cast(users as bigint) as users,
    cast(predicted_active_share as double) as predicted_active_share,
    cast(actual_active_share as double) as actual_active_share,
    cast(cutoff_date as date) as cutoff_date,
    cast(holdout_days as integer) as holdout_days
from measured
