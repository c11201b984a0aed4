{{ config(materialized='table') }}

with attempts as (

    select * from {{ ref('int_payment_attempts__unioned') }}

),

-- A merchant's id that names attempts of two orders is no copy: it is two attempts.
repeated_ids as (

    select attempt_id_key, min(order_key) <> max(order_key) as is_reused
    from attempts
    group by attempt_id_key
    having count(*) > 1

),

-- What a provider says of an order that the merchant's own log tells: the log has each try, with its
-- context, so the provider's lines are the same attempts again.
logged_orders as (

    select distinct order_key, provider from attempts where source = 'payment_attempts'

),

told_twice as (

    select attempts.*
    from attempts
    inner join logged_orders
        on attempts.order_key = logged_orders.order_key
        and attempts.provider = logged_orders.provider
    where attempts.source <> 'payment_attempts'

)

select
    attempts.*,
    case
        when repeated_ids.is_reused
            then {{ derived_key(['attempts.attempt_id_key', 'attempts.order_key']) }}
        else attempts.attempt_id_key
    end as attempt_key,
    -- The latest state of an attempt wins: an answer over "unknown", then the later answer; then the
    -- report that knows more. Of one report the line ingested last, since a second export corrects the
    -- first; of two reports never, or the same files would give other tables in another order.
    row_number() over (
        partition by attempts.attempt_id_key, attempts.order_key
        order by
            case when attempts.outcome = 'unknown' then 1 else 0 end,
            -- A report of attempts knows reasons that one derived from other lines does not.
            attempts.is_derived,
            attempts.finished_at desc nulls last,
            -- Stripe's default export knows neither wallet nor test mode, that of all columns both.
            case when attempts.wallet is null then 1 else 0 end,
            case when attempts.payer_key is null then 1 else 0 end,
            attempts.source,
            attempts.ingested_at desc nulls last,
            case when attempts.outcome = 'succeeded' then 0 else 1 end,
            attempts.export_date desc nulls last,
            attempts.content_hash,
            attempts.file_sha256,
            attempts.source_file,
            attempts.row_number
    ) as copy_rank
from attempts
inner join repeated_ids on attempts.attempt_id_key = repeated_ids.attempt_id_key
where not exists (
    select 1 from told_twice where told_twice.attempt_id_key = attempts.attempt_id_key
)

union all

select told_twice.*, told_twice.attempt_id_key as attempt_key, cast(2 as bigint) as copy_rank
from told_twice
