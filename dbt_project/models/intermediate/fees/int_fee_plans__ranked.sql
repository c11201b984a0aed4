with lines as (

    select * from {{ ref('stg_merchant__fee_plans') }} where row_kind = 'fee_plan'

)

select
    'fee_plans' as source,
    lines.*,
    false as is_derived,
    {{ copy_rank('fee_plan_key') }} as copy_rank
from lines
