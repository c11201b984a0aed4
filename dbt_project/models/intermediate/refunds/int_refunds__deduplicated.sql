with refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

repeated as (

    select * from {{ ref('int_refunds__repeated') }}

),

slas as (

    select * from {{ ref('refund_slas') }}

),

deduplicated as (

    select refunds.*, false as is_fee_borrowed, cast(1 as bigint) as copy_rank
    from refunds
    where not exists (select 1 from repeated where repeated.refund_key = refunds.refund_key)

    union all

    select * from repeated where copy_rank = 1

)

select deduplicated.*, coalesce(slas.sla_hours, default_sla.sla_hours) as sla_hours
from deduplicated
cross join (select sla_hours from slas where provider = 'default') as default_sla
left join slas on deduplicated.provider = slas.provider
