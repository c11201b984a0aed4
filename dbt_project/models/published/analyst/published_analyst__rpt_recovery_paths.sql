{{ config(alias='rpt_recovery_paths') }}

with report as (

    select * from {{ ref('rpt_recovery_paths') }}

)

select
    first_wallet,
    recovered_by_wallet,
    currency,
    users,
    orders,
    amount,
    share_of_first_failures,
    seconds_to_recover_p50
from report
