with lines as (

    select * from {{ ref('stg_merchant__security_events') }} where row_kind = 'security_event'

)

select
    'security_events' as source,
    lines.*,
    false as is_derived,
    {{ copy_rank('security_event_key') }} as copy_rank
from lines
