{{ config(alias='fct_payouts') }}

with facts as (

    select * from {{ ref('fct_payouts') }}

)

select
    payout_line_key,
    payout_key,
    provider,
    currency,
    date_trunc('hour', paid_out_at) as paid_out_hour,
    business_date,
    items,
    payout_amount,
    returned_amount,
    items_amount,
    payments_amount,
    refunds_amount,
    disputes_amount,
    fees_amount,
    difference
from facts
