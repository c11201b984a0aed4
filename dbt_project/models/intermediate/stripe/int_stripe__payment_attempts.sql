-- Every row is an attempt; of those that took money the capture accounts for the row.
with payments as (

    select * from {{ ref('stg_stripe__payments') }} where row_kind in ('capture', 'attempt')

),

orders as (

    select * from {{ ref('int_stripe__orders') }}

),

wallets as (

    select * from {{ ref('wallets') }}

)

select
    'stripe_payments' as source,
    coalesce(orders.attempt_key, payments.payment_key) as attempt_id_key,
    orders.order_key,
    payments.user_key,
    payments.payer_key,
    'stripe_customer' as payer_scope,
    cast(null as uuid) as device_key,
    payments.capture_key,
    'stripe' as provider,
    payments.wallet,
    wallets.method_family,
    payments.funding_brand,
    payments.payment_type as method,
    cast(null as varchar) as channel,
    payments.outcome,
    payments.status as provider_state,
    case when payments.outcome <> 'succeeded' then payments.decline_code end as error_code,
    cast(null as varchar) as error_sub_code,
    cast(null as varchar) as advice_code,
    payments.created_at as attempted_at,
    cast(null as timestamp) as finished_at,
    payments.amount,
    payments.currency,
    cast(null as varchar) as os,
    cast(null as varchar) as app_version,
    -- The card's country is known before the attempt; it is no region of the payer.
    cast(null as varchar) as region,
    cast(null as varchar) as language,
    cast(null as varchar) as bank,
    cast(null as bigint) as latency_ms,
    cast(null as boolean) as is_new_device,
    cast(null as varchar) as step_up,
    payments.is_test,
    payments.row_kind = 'capture' as is_derived,
    payments.is_resaved,
    payments.export_date,
    payments.ingested_at,
    payments.content_hash,
    payments.file_sha256,
    payments.row_number,
    payments.source_file
from payments
left join orders on payments.payment_key = orders.payment_key
left join wallets on coalesce(payments.wallet, payments.payment_type) = wallets.name
