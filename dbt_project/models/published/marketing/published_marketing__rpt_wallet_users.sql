{{ config(alias='rpt_wallet_users') }}

with report as (

    select * from {{ ref('published_analyst__rpt_wallet_users') }}

),

{{ cells_with_company('report', 'dimension, wallet') }}

select
    dimension,
    dimension_value,
    wallet,
    users,
    users_of_value,
    wallet_use_rate,
    share_low,
    share_high
from cells_with_company
