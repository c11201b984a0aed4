{{ config(alias='segment_proof') }}

with measured as (

    select *, {{ is_hidden_cell('users', tie='lifecycle_segment') }} as is_hidden
    from {{ ref('published_analyst__segment_proof') }}

)

select
    lifecycle_segment,
    users,
    predicted_active_share,
    actual_active_share,
    predicted_orders_per_user,
    actual_orders_per_user,
    -- The mean times the users is what the active ones spent.
    case when actual_active_share * users >= {{ minimum_cell_users() }} or actual_active_share = 0
        then actual_spend_per_user end as actual_spend_per_user,
    cutoff_date,
    holdout_days
from measured
where not is_hidden
