with captures as (

    select * from {{ ref('int_captures__unioned') }}

),

repeated as (

    select * from {{ ref('int_captures__repeated') }}

),

deduplicated as (

    select captures.*, false as is_fee_borrowed, cast(1 as bigint) as copy_rank
    from captures
    where not exists (
        select 1 from repeated where repeated.capture_key = captures.capture_key
    )

    union all

    select * from repeated where copy_rank = 1

)

select * from deduplicated
