{{ config(alias='score_calibration') }}

with measured as (

    select *, {{ is_hidden_cell('users', tie='band') }} as is_hidden
    from {{ ref('published_analyst__score_calibration') }}

)

select
    band,
    users,
    predicted_active_share,
    actual_active_share,
    cutoff_date,
    holdout_days
from measured
where not is_hidden
