{{ config(alias='fct_refunds') }}

with refunds as (

    select * from {{ ref('fct_refunds') }}

)

select
    refund_key,
    capture_key,
    order_key,
    user_key,
    user_key_scope,
    provider,
    wallet,
    refund_kind,
    date_trunc('hour', requested_at) as requested_hour,
    date_trunc('hour', accepted_at) as accepted_hour,
    date_trunc('hour', completed_at) as completed_hour,
    -- Few refunds share an hour, and an hour of few people is NULL in the release; the day stays.
    cast({{ local_ts('completed_at') }} as date) as completed_date,
    business_date,
    refund_status,
    requested_amount,
    refund_amount,
    fee_returned_amount,
    fee_currency,
    refund_reason,
    failure_reason,
    currency,
    is_orphan,
    is_partial,
    refund_number,
    refunds_of_capture,
    date_trunc('hour', captured_at) as captured_hour,
    days_since_capture,
    turnaround_seconds,
    sla_hours,
    is_sla_due,
    is_sla_breached,
    operator_key,
    is_test,
    file_sha256,
    row_number
from refunds
