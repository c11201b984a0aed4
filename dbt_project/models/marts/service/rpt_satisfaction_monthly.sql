with answers as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_feedback') }}
    where not is_test

),

summed as (

    select
        month,
        survey,
        wallet,
        count(distinct user_key) as users,
        {{ measures('feedback', ['answers', 'csat_answers', 'csat_satisfied', 'nps_answers', 'nps_balance']) }},
        -- A sum of doubles would depend on the order of the answers.
        avg(cast(score_share as decimal(9, 6))) as mean_score_share
    from answers
    group by month, survey, wallet

)

select
    month,
    survey,
    wallet,
    cast(users as bigint) as users,
    cast(answers as bigint) as answers,
    mean_score_share,
    {{ metric('satisfaction_rate') }} as satisfaction_rate,
    {{ metric_low('satisfaction_rate') }} as satisfaction_rate_low,
    {{ metric_high('satisfaction_rate') }} as satisfaction_rate_high,
    {{ metric('net_promoter_score') }} as net_promoter_score,
    answers < 30 as is_small_sample
from summed
