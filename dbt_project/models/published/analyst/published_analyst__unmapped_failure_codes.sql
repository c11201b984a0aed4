{{ config(alias='unmapped_failure_codes') }}

with unmapped as (

    select * from {{ ref('rpt_unmapped_failure_codes') }}

)

select
    provider,
    failure_code,
    currency,
    failed_attempts,
    users,
    failed_amount,
    share_of_failed_amount,
    first_date,
    last_date
from unmapped
