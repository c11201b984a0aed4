with events as (

    select * from {{ ref('int_payment_events__unioned') }}

),

repeated as (

    select * from {{ ref('int_payment_events__repeated') }}

)

select events.*, cast(1 as bigint) as copy_rank
from events
where not exists (select 1 from repeated where repeated.event_key = events.event_key)

union all

select * from repeated where copy_rank = 1
