with answers as (

    select * from {{ source('lake', 'survey_feedback') }}

),

typed as (

    select
        cast(feedback_key as uuid) as feedback_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,
        {{ iso_time('answered_at') }} as answered_at,
        survey,
        try_cast(score as double) as score,
        try_cast(scale_min as double) as scale_min,
        try_cast(scale_max as double) as scale_max,
        wallet,
        channel,
        language,
        coalesce(is_test = 'true', false) as is_test,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from answers

)

select
    *,
    case
        when answered_at is null or score is null then 'unreadable'
        when scale_min >= scale_max then 'unreadable'
        else 'feedback'
    end as row_kind
from typed
