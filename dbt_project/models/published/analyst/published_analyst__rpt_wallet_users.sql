{{ config(alias='rpt_wallet_users') }}

with report as (

    select * from {{ ref('rpt_wallet_users') }}

)

select
    dimension,
    dimension_value,
    wallet,
    users,
    users_of_value,
    share_of_users,
    share_low,
    share_high,
    is_small_sample
from report
