with answers as (

    select
        *,
        (score - scale_min) / (scale_max - scale_min) as score_share
    from {{ ref('int_feedback__ranked') }}
    where copy_rank = 1

),

orders as (

    select order_key, final_wallet from {{ ref('fct_payments') }}

)

select
    answers.feedback_key,
    answers.order_key,
    answers.user_key,
    answers.survey,
    answers.score,
    answers.scale_min,
    answers.scale_max,
    answers.score_share,
    -- Reichheld's groups: 9 and 10 promote, 0 to 6 detract.
    case
        when answers.survey <> 'nps' then null
        when answers.score >= 9 then 'promoter'
        when answers.score >= 7 then 'passive'
        else 'detractor'
    end as nps_group,
    -- The two best of five ("top two boxes"), on any scale.
    case when answers.survey = 'csat' then answers.score_share >= 0.75 end as is_satisfied,
    coalesce(answers.wallet, orders.final_wallet, 'unknown') as wallet,
    answers.channel,
    answers.language,
    answers.answered_at,
    cast({{ local_ts('answers.answered_at') }} as date) as business_date,
    answers.is_test,
    answers.is_derived,
    answers.source,
    answers.file_sha256,
    {{ archive_member('answers.source_file') }} as file_member,
    answers.row_number
from answers
left join orders on answers.order_key = orders.order_key
