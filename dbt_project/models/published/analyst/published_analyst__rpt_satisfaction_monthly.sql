{{ config(alias='rpt_satisfaction_monthly') }}

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
    net_promoter_score,
    is_small_sample
from report
