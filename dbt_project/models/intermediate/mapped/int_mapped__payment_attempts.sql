-- An export that says how each payment ended is a log of attempts too; one that says nothing holds
-- only those that went well, and would make every rate 100 %.
with payments as (

    select *
    from {{ ref('stg_mapped__exports') }}
    where row_kind in ('payment', 'attempt') and outcome is not null

)

select
    'mapped_exports' as source,
    {{ derived_key(['payment_key', "'attempt'"]) }} as attempt_id_key,
    payment_order_key as order_key,
    user_key,
    payer_key,
    case when payer_key is not null then provider || '_payer' end as payer_scope,
    device_key,
    case when row_kind = 'payment' then payment_key end as capture_key,
    provider,
    coalesce(wallet, 'unknown') as wallet,
    cast(null as varchar) as method_family,
    funding_brand,
    method,
    cast(null as varchar) as channel,
    outcome,
    cast(null as varchar) as provider_state,
    error_code,
    error_sub_code,
    cast(null as varchar) as advice_code,
    occurred_at as attempted_at,
    cast(null as timestamp) as finished_at,
    effect_amount as amount,
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
    row_kind = 'payment' as is_derived,
    false as is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from payments
