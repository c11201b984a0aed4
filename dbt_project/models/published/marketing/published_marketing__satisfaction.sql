{{ config(alias='satisfaction') }}

with report as (

    select * from {{ ref('rpt_satisfaction_monthly') }}

)

select
    month,
    survey,
    wallet,
    users,
    answers,
    mean_score_share,
    satisfaction_rate,
    satisfaction_rate_low,
    satisfaction_rate_high,
    net_promoter_score
from report
where users >= {{ minimum_cell_users() }}
