{{ config(alias='fct_feedback') }}

with feedback as (

    select * from {{ ref('fct_feedback') }}

)

select
    feedback_key,
    order_key,
    user_key,
    survey,
    score,
    scale_min,
    scale_max,
    score_share,
    nps_group,
    is_satisfied,
    wallet,
    channel,
    language,
    date_trunc('hour', answered_at) as answered_hour,
    business_date,
    is_test,
    file_sha256,
    row_number
from feedback
