{{ config(alias='dim_wallets') }}

with wallets as (

    select * from {{ ref('dim_wallets') }}

)

select
    wallet,
    method_family,
    is_card_wrapper,
    name_en,
    name_zh,
    is_used
from wallets
