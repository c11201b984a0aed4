with disputes as (

    select * from {{ ref('int_disputes__unioned') }}

),

repeated as (

    select * from {{ ref('int_disputes__repeated') }}

)

select disputes.*, cast(1 as bigint) as copy_rank
from disputes
where not exists (select 1 from repeated where repeated.dispute_key = disputes.dispute_key)

union all

select * from repeated where copy_rank = 1
