with refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

repeated as (

    select * from {{ ref('int_refunds__repeated') }}

),

deduplicated as (

    select refunds.*, cast(1 as bigint) as copy_rank
    from refunds
    where not exists (select 1 from repeated where repeated.refund_key = refunds.refund_key)

    union all

    select * from repeated where copy_rank = 1

)

select * from deduplicated
