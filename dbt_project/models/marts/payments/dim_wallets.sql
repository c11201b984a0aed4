with known as (

    select * from {{ ref('int_wallets') }}

),

attempts as (

    select wallet, count(*) as attempts from {{ ref('fct_payment_attempts') }} group by wallet

),

captures as (

    select wallet, count(*) as captures from {{ ref('fct_captures') }} group by wallet

),

-- Facts say `unknown` where no export names a wallet, and may hold one that the seed does not know.
every_wallet as (

    select wallet from known
    union
    select wallet from attempts
    union
    select wallet from captures
    union
    select 'unknown'

)

select
    every_wallet.wallet,
    coalesce(known.method_family, 'unknown') as method_family,
    coalesce(known.is_card_wrapper, false) as is_card_wrapper,
    coalesce(known.name_en, case every_wallet.wallet when 'unknown' then 'Unknown' else every_wallet.wallet end)
        as name_en,
    coalesce(known.name_zh, case every_wallet.wallet when 'unknown' then '未知' else every_wallet.wallet end)
        as name_zh,
    attempts.wallet is not null or captures.wallet is not null as is_used
from every_wallet
left join known on every_wallet.wallet = known.wallet
left join attempts on every_wallet.wallet = attempts.wallet
left join captures on every_wallet.wallet = captures.wallet
