with lines as (

    select * from {{ ref('stg_merchant__survey_feedback') }} where row_kind = 'feedback'

)

select
    'survey_feedback' as source,
    lines.*,
    false as is_derived,
    {{ copy_rank('feedback_key') }} as copy_rank
from lines
