{{ config(alias='wallet_payments') }}

with payments as (

    select * from {{ ref('rpt_wallet_payments') }}

)

select
    capture_key,
    order_key,
    user_key,
    wallet,
    funding_brand,
    provider,
    date_trunc('hour', captured_at) as captured_hour,
    business_date,
    currency,
    amount,
    fee_amount,
    fee_currency,
    refunds,
    refunded_amount,
    is_disputed,
    is_test,
    source
from payments
