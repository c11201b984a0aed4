with lines as (

    select * from {{ ref('stg_merchant__support_tickets') }} where row_kind = 'support_ticket'

)

select
    'support_tickets' as source,
    lines.*,
    false as is_derived,
    {{ copy_rank('ticket_key', [
        'updated_at desc nulls last',
        "case when status in ('resolved', 'closed') then 0 else 1 end",
    ]) }} as copy_rank
from lines
