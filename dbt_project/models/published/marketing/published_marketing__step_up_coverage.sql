{{ config(alias='step_up_coverage') }}

with report as (

    select * from {{ ref('rpt_step_up_coverage') }}

)

-- The amount that counts as large is a quantile of single payments: rounded, it is nobody's. Slices
-- overlap, so none is the total of the others.
select
    month,
    case when slice = 'all' then 'every_payment' else slice end as slice,
    wallet,
    currency,
    round(large_amount / 10) * 10 as large_amount,
    users,
    paid_attempts,
    attempts_told,
    attempts_stepped_up,
    step_up_coverage,
    step_up_coverage_low,
    step_up_coverage_high
from report
where users >= {{ minimum_cell_users() }} and attempts_told > 0
