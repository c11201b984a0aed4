{{ config(alias='step_up_breakdown') }}

with breakdown as (

    select
        *,
        -- Money that few people paid without verification would be their amounts.
        case
            when users_without_step_up > 0 and users_without_step_up < users then users_without_step_up
            else users
        end as fewest_users
    from {{ ref('published_analyst__step_up_breakdown') }}

),

-- Hidden rows of a dimension must not follow from the total: they are two or more with enough people
-- together, or the dimension is left out.
hidden as (

    select
        slice,
        dimension,
        sum(case when fewest_users < {{ minimum_cell_users() }} then 1 else 0 end) as hidden_rows,
        sum(case when fewest_users < {{ minimum_cell_users() }} then fewest_users else 0 end)
            as hidden_users
    from breakdown
    group by slice, dimension

)

select
    breakdown.slice,
    breakdown.dimension,
    breakdown.dimension_value,
    breakdown.paid_attempts,
    breakdown.attempts_told,
    breakdown.attempts_stepped_up,
    breakdown.step_up_coverage,
    breakdown.step_up_coverage_low,
    breakdown.step_up_coverage_high,
    breakdown.users,
    breakdown.users_without_step_up,
    breakdown.amount_paid,
    breakdown.amount_without_step_up,
    breakdown.currency,
    breakdown.is_small_sample
from breakdown
inner join hidden
    on breakdown.slice = hidden.slice
    and breakdown.dimension = hidden.dimension
where breakdown.fewest_users >= {{ minimum_cell_users() }}
    and (
        hidden.hidden_rows = 0
        or (hidden.hidden_rows >= 2 and hidden.hidden_users >= {{ minimum_cell_users() }})
    )
