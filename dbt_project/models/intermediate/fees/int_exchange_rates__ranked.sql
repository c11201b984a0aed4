with lines as (

    select * from {{ ref('stg_merchant__exchange_rates') }} where row_kind = 'exchange_rate'

)

select
    'exchange_rates' as source,
    lines.*,
    false as is_derived,
    {{ copy_rank('exchange_rate_key') }} as copy_rank
from lines
