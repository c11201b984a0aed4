{{ config(alias='fct_payments') }}

with payments as (

    select * from {{ ref('fct_payments') }}

)

select
    order_key,
    user_key,
    user_key_scope,
    date_trunc('hour', first_attempt_at) as first_attempt_hour,
    date_trunc('hour', last_attempt_at) as last_attempt_hour,
    date_trunc('hour', captured_at) as captured_hour,
    business_date,
    currency,
    has_other_currency,
    amount,
    amount_band,
    attempts,
    failed_attempts,
    first_wallet,
    final_wallet,
    first_outcome,
    final_outcome,
    is_first_attempt_success,
    is_recovered,
    recovery_type,
    first_failure_category,
    round(seconds_to_success, 1) as seconds_to_success,
    capture_count,
    captured_amount,
    refund_count,
    refunded_amount,
    net_amount,
    fee_amount,
    amount_at_risk,
    amount_recovered,
    amount_lost,
    amount_open,
    channel,
    os,
    {{ coarse_version('app_version') }} as app_version,
    region,
    language,
    is_new_device,
    is_test,
    has_attempts,
    has_bill
from payments
