{{ config(alias='risk_rules') }}

with rules as (

    select * from {{ ref('published_analyst__risk_rules') }}

)

-- Precision of a handful of judged cases would tell of single people.
select
    rule_id,
    rule_meaning,
    time_window,
    rule_family,
    evidence_unit,
    suspicious_cases,
    users,
    suspicious_amount,
    currency,
    cases_per_day,
    case when confirmed_cases + dismissed_cases >= {{ minimum_cell_users() }} then rule_precision end
        as rule_precision,
    case when confirmed_cases + dismissed_cases >= {{ minimum_cell_users() }} then rule_precision_low end
        as rule_precision_low,
    case when confirmed_cases + dismissed_cases >= {{ minimum_cell_users() }} then rule_precision_high end
        as rule_precision_high
from rules
where users >= {{ minimum_cell_users() }}
