{{ config(alias='fct_disputes') }}

with disputes as (

    select * from {{ ref('fct_disputes') }}

)

select
    dispute_key,
    capture_key,
    order_key,
    user_key,
    provider,
    wallet,
    date_trunc('hour', opened_at) as opened_hour,
    date_trunc('hour', evidence_due_at) as evidence_due_hour,
    date_trunc('hour', closed_at) as closed_hour,
    date_trunc('hour', captured_at) as captured_hour,
    business_date,
    dispute_stage,
    dispute_status,
    dispute_reason,
    currency,
    disputed_amount,
    fee_amount,
    fee_currency,
    is_test,
    source,
    file_sha256,
    row_number
from disputes
