with log_rows as (

    select * from {{ ref('stg_merchant__payment_attempts') }} where row_kind = 'attempt'

)

select
    'payment_attempts' as source,
    attempt_id_key,
    order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    device_key,
    provider_payment_key as capture_key,
    provider,
    wallet,
    method_family,
    funding_brand,
    method,
    channel,
    outcome,
    provider_state,
    error_code,
    error_sub_code,
    cast(null as varchar) as advice_code,
    attempted_at,
    finished_at,
    amount,
    currency,
    os,
    app_version,
    region,
    language,
    bank,
    latency_ms,
    is_new_device,
    step_up,
    is_test,
    false as is_derived,
    false as is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from log_rows
