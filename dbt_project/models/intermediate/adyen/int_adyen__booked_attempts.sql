with events as (

    select * from {{ ref('int_adyen__events') }} where copy_rank = 1

),

-- Of several steps the earliest dates the attempt; rows of the file are in no order.
steps as (

    select
        *,
        min(booked_at) over (partition by attempt_key) as attempted_at,
        min(case when event_type in ('authorised', 'refused', 'error') then booked_at end)
            over (partition by attempt_key) as answered_at,
        max(case when event_type = 'authorised' then 1 else 0 end)
            over (partition by attempt_key) = 1 as is_authorised,
        max(case when event_type in ('refused', 'error', 'cancelled', 'expired') then 1 else 0 end)
            over (partition by attempt_key) = 1 as is_failed,
        max(case when event_type in ('refused', 'error', 'cancelled', 'expired') then event_type end)
            over (partition by attempt_key) as failure,
        row_number() over (
            partition by attempt_key
            order by case when event_type = 'received' then 0 else 1 end, booked_at, event_key
        ) as step
    from events
    where event_type in ('received', 'authorised', 'refused', 'error', 'cancelled', 'expired')

)

select
    'adyen_accounting' as source,
    attempt_key as attempt_id_key,
    coalesce(order_key, {{ derived_key(['capture_key']) }}) as order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as device_key,
    capture_key,
    'adyen' as provider,
    wallet,
    method_family,
    funding_brand,
    payment_method as method,
    cast(null as varchar) as channel,
    -- Cancelled after the authorisation is the merchant's doing, not a failed payment.
    case
        when is_authorised then 'succeeded'
        when is_failed then 'failed'
        else 'unknown'
    end as outcome,
    upper(case when is_authorised then 'authorised' else coalesce(failure, 'received') end)
        as provider_state,
    cast(null as varchar) as error_code,
    cast(null as varchar) as error_sub_code,
    cast(null as varchar) as advice_code,
    attempted_at,
    answered_at as finished_at,
    amount,
    currency,
    cast(null as varchar) as os,
    cast(null as varchar) as app_version,
    shopper_country as region,
    cast(null as varchar) as language,
    cast(null as varchar) as bank,
    cast(null as bigint) as latency_ms,
    cast(null as boolean) as is_new_device,
    cast(null as varchar) as step_up,
    false as is_test,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from steps
where step = 1
