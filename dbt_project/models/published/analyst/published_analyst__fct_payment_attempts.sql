{{ config(alias='fct_payment_attempts') }}

with attempts as (

    select * from {{ ref('fct_payment_attempts') }}

)

select
    attempt_key,
    order_key,
    user_key,
    user_key_scope,
    device_key,
    provider,
    wallet,
    method_family,
    funding_brand,
    method,
    channel,
    date_trunc('hour', attempted_at) as attempted_hour,
    date_trunc('hour', finished_at) as finished_hour,
    business_date,
    local_hour,
    outcome,
    resolved_outcome,
    is_late_success,
    confirmed_by_bill,
    failure_code,
    failure_category,
    retryable,
    party_at_fault,
    next_action,
    is_code_mapped,
    amount,
    currency,
    amount_band,
    os,
    {{ coarse_version('app_version') }} as app_version,
    region,
    language,
    bank,
    is_new_device,
    step_up,
    latency_ms,
    is_test,
    attempt_number,
    attempts_in_order,
    is_first_attempt,
    is_last_attempt,
    is_retry,
    previous_wallet,
    is_wallet_switch,
    file_sha256,
    row_number
from attempts
