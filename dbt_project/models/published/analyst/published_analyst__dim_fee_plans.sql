{{ config(alias='dim_fee_plans') }}

with fee_plans as (

    select * from {{ ref('dim_fee_plans') }}

)

select
    fee_plan_key,
    fee_plan_id,
    provider,
    wallet,
    currency,
    percentage,
    fixed_amount,
    minimum_amount,
    cap_amount,
    tier_basis,
    tier_from,
    tier_to,
    valid_from,
    valid_to,
    is_example,
    file_sha256,
    row_number
from fee_plans
