{{ config(alias='fct_captures') }}

with captures as (

    select * from {{ ref('fct_captures') }}

)

select
    capture_key,
    order_key,
    user_key,
    user_key_scope,
    provider,
    wallet,
    method_family,
    funding_brand,
    method,
    bank,
    instrument_kind,
    date_trunc('hour', captured_at) as captured_hour,
    business_date,
    time_precision,
    amount,
    settlement_amount,
    coupon_amount,
    merchant_discount_amount,
    wallet_discount_amount,
    fee_amount,
    fee_currency,
    fee_rate,
    currency,
    product_key,
    store_id,
    sub_merchant_id,
    has_attempt,
    is_test,
    file_sha256,
    row_number
from captures
