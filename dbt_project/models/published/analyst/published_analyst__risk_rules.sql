{{ config(alias='risk_rules') }}

with risk_rules as (

    select * from {{ source('analysis', 'risk_rules') }}

)

select
    cast(rule_id as varchar) as rule_id,
    cast(rule_meaning as varchar) as rule_meaning,
    cast(time_window as varchar) as time_window,
    cast(rule_family as varchar) as rule_family,
    cast(evidence_unit as varchar) as evidence_unit,
    cast(suspicious_cases as bigint) as suspicious_cases,
    cast(users as bigint) as users,
    cast(suspicious_amount as decimal(38,4)) as suspicious_amount,
    cast(currency as varchar) as currency,
    cast(cases_per_day as double) as cases_per_day,
    cast(confirmed_cases as bigint) as confirmed_cases,
    cast(dismissed_cases as bigint) as dismissed_cases,
    cast(rule_precision as double) as rule_precision,
    cast(rule_precision_low as double) as rule_precision_low,
    cast(rule_precision_high as double) as rule_precision_high,
    cast(rule_weight as double) as rule_weight
from risk_rules
