with transactions as (

    select * from {{ ref('int_paypal__transactions') }}

),

-- Settlements and statements only list what succeeded: a success rate of them would be 100 %.
payments as (

    select *
    from transactions
    where has_failures and event_code like 'T00%' and is_credit

)

select
    source,
    attempt_key as attempt_id_key,
    coalesce(order_key, {{ derived_key(['capture_key']) }}) as order_key,
    cast(null as uuid) as user_key,
    payer_key,
    payer_scope,
    cast(null as uuid) as device_key,
    case when status in ('S', 'V', 'F') then capture_key end as capture_key,
    'paypal' as provider,
    'paypal' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    cast(null as varchar) as method,
    cast(null as varchar) as channel,
    case
        when status in ('S', 'V', 'F') then 'succeeded'
        when status = 'D' then 'failed'
        else 'unknown'
    end as outcome,
    case
        when status in ('S', 'V', 'F') then 'COMPLETED'
        when status = 'D' then 'DENIED'
        else 'PENDING'
    end as provider_state,
    cast(null as varchar) as error_code,
    cast(null as varchar) as error_sub_code,
    cast(null as varchar) as advice_code,
    initiated_at as attempted_at,
    case when status <> 'P' then occurred_at end as finished_at,
    gross_amount as amount,
    currency,
    cast(null as varchar) as os,
    cast(null as varchar) as app_version,
    country as region,
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
from payments
