-- Charges and intents; a charge that took money is accounted for by its capture.
with objects as (

    select * from {{ ref('stg_stripe__objects') }} where row_kind in ('capture', 'attempt')

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

),

wallets as (

    select * from {{ ref('wallets') }}

)

select
    'stripe_api' as source,
    coalesce(objects.intent_charge_key, orders.attempt_key, objects.object_key) as attempt_id_key,
    orders.order_key,
    objects.user_key,
    objects.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as device_key,
    coalesce(objects.intent_charge_key, objects.object_key) as capture_key,
    'stripe' as provider,
    objects.wallet,
    wallets.method_family,
    objects.funding_brand,
    objects.payment_type as method,
    cast(null as varchar) as channel,
    objects.outcome,
    objects.status as provider_state,
    case when objects.outcome <> 'succeeded' then objects.error_code end as error_code,
    case when objects.outcome <> 'succeeded' then objects.error_sub_code end as error_sub_code,
    case when objects.outcome <> 'succeeded' then objects.advice_code end as advice_code,
    objects.created_at as attempted_at,
    cast(null as timestamp) as finished_at,
    objects.amount,
    objects.currency,
    cast(null as varchar) as os,
    cast(null as varchar) as app_version,
    cast(null as varchar) as region,
    cast(null as varchar) as language,
    cast(null as varchar) as bank,
    cast(null as bigint) as latency_ms,
    cast(null as boolean) as is_new_device,
    -- 3-D Secure asks the payer for a second step.
    case
        when objects.three_d_secure = 'authenticated' then 'passed'
        when objects.three_d_secure = 'failed' then 'failed'
    end as step_up,
    objects.is_test,
    objects.row_kind = 'capture' as is_derived,
    objects.is_resaved,
    objects.export_date,
    objects.ingested_at,
    objects.content_hash,
    objects.file_sha256,
    objects.row_number,
    objects.source_file
from objects
left join orders on objects.object_key = orders.payment_key
left join wallets on coalesce(objects.wallet, objects.payment_type) = wallets.name
