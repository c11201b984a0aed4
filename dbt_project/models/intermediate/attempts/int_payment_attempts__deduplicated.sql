with attempts as (

    select * from {{ ref('int_payment_attempts__unioned') }}

),

repeated as (

    select * from {{ ref('int_payment_attempts__repeated') }}

),

deduplicated as (

    select attempts.*, attempts.attempt_id_key as attempt_key, cast(1 as bigint) as copy_rank
    from attempts
    where not exists (
        select 1 from repeated where repeated.attempt_id_key = attempts.attempt_id_key
    )

    union all

    select * from repeated where copy_rank = 1

)

select * from deduplicated
