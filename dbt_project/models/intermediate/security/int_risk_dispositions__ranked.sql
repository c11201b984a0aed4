with lines as (

    select * from {{ ref('stg_merchant__risk_dispositions') }} where row_kind = 'disposition'

)

select
    'risk_dispositions' as source,
    lines.*,
    false as is_derived,
    {{ copy_rank('case_key', ['decided_at desc']) }} as copy_rank
from lines
