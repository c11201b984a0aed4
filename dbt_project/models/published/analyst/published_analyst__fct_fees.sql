{{ config(alias='fct_fees') }}

with facts as (

    select * from {{ ref('fct_fees') }}

)

select
    fee_key,
    fee_kind,
    provider,
    wallet,
    capture_key,
    refund_key,
    order_key,
    business_date,
    currency,
    fee_amount,
    base_amount,
    is_test,
    source,
    file_sha256,
    row_number
from facts
