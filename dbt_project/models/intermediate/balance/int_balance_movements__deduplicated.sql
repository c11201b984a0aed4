with movements as (

    select * from {{ ref('int_balance_movements__unioned') }}

),

repeated as (

    select * from {{ ref('int_balance_movements__repeated') }}

)

select movements.*, cast(1 as bigint) as copy_rank
from movements
where not exists (select 1 from repeated where repeated.movement_key = movements.movement_key)

union all

select * from repeated where copy_rank = 1
