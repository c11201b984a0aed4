{{ config(alias='refund_breakdown') }}

with breakdown as (

    select * from {{ ref('published_analyst__refund_breakdown') }}

),

-- A refund that failed gave nothing back: the amount is that of the others.
given_back as (

    select dimension, dimension_value, users_given_back from {{ source('analysis', 'refund_breakdown') }}

),

counted as (

    select
        breakdown.*,
        case when given_back.users_given_back > 0
            then least(breakdown.users, given_back.users_given_back)
            else breakdown.users end as fewest_users
    from breakdown
    inner join given_back
        on breakdown.dimension = given_back.dimension
        and breakdown.dimension_value = given_back.dimension_value

),

-- Hidden rows of a dimension must not follow from the total: they are two or more with enough people
-- together, or the dimension is left out.
hidden as (

    select
        dimension,
        sum(case when fewest_users < {{ minimum_cell_users() }} then 1 else 0 end) as hidden_rows,
        sum(case when fewest_users < {{ minimum_cell_users() }} then fewest_users else 0 end)
            as hidden_users
    from counted
    group by dimension

)

-- Without the amount of failed refunds: few fail, and it would be what one person asked back.
select
    breakdown.dimension,
    breakdown.dimension_value,
    breakdown.captures,
    breakdown.refunded_captures,
    breakdown.refund_rate,
    breakdown.refund_rate_low,
    breakdown.refund_rate_high,
    breakdown.refunds,
    breakdown.users,
    breakdown.failed,
    breakdown.pending,
    breakdown.refund_failure_rate,
    breakdown.refund_failure_rate_low,
    breakdown.refund_failure_rate_high,
    breakdown.refunded_amount,
    breakdown.partial_refunds,
    breakdown.repeated_refunds,
    breakdown.timed,
    breakdown.hours_p50,
    breakdown.hours_p90,
    breakdown.hours_p95,
    breakdown.refunds_due,
    breakdown.sla_breaches,
    breakdown.sla_breach_rate,
    breakdown.is_small_sample,
    breakdown.currency
from counted as breakdown
inner join hidden on breakdown.dimension = hidden.dimension
where breakdown.fewest_users >= {{ minimum_cell_users() }}
    and (
        hidden.hidden_rows = 0
        or (hidden.hidden_rows >= 2 and hidden.hidden_users >= {{ minimum_cell_users() }})
    )
