-- A wallet goes under many names, of which each says the same of it.
with wallets as (

    select * from {{ ref('wallets') }}

)

select
    wallet,
    min(method_family) as method_family,
    bool_or(is_card_wrapper) as is_card_wrapper,
    min(name_en) as name_en,
    min(name_zh) as name_zh
from wallets
group by wallet
