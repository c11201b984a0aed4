with users as (

    select * from {{ ref('dim_users') }}

),

orders as (

    select * from {{ ref('fct_payments') }}

),

-- Who tried a wallet, by the log, and who paid with it, by a bill: tills and merchants without a log
-- have payers too. What a bill does not say of a payer, the order's attempts may.
used as (

    select
        user_key,
        wallet,
        region,
        language,
        os,
        {{ amount_band('amount', 'currency') }} as amount_band
    from {{ ref('fct_payment_attempts') }}
    where not is_test and user_key is not null

    union all

    select
        captures.user_key,
        captures.wallet,
        orders.region,
        orders.language,
        orders.os,
        {{ amount_band('captures.amount', 'captures.currency') }}
    from {{ ref('fct_captures') }} as captures
    left join orders on captures.order_key = orders.order_key
    where not captures.is_test and captures.user_key is not null

),

sliced as (

    select distinct 'all' as dimension, 'all' as dimension_value, wallet, user_key from used
    union all
    select distinct 'region', coalesce(region, 'unknown'), wallet, user_key from used
    union all
    select distinct 'language', coalesce(language, 'unknown'), wallet, user_key from used
    union all
    select distinct 'os', coalesce(os, 'unknown'), wallet, user_key from used
    union all
    select distinct 'amount_band', amount_band, wallet, user_key
    from used
    where amount_band is not null
    union all
    select distinct 'preferred_wallet', coalesce(users.preferred_wallet, 'none'), used.wallet, used.user_key
    from used
    inner join users on used.user_key = users.user_key

),

totals as (

    select dimension, dimension_value, count(distinct user_key) as users_of_value
    from sliced
    group by dimension, dimension_value

),

counted as (

    select dimension, dimension_value, wallet, count(*) as users
    from sliced
    group by dimension, dimension_value, wallet

)

select
    counted.dimension,
    counted.dimension_value,
    counted.wallet,
    cast(counted.users as bigint) as users,
    cast(totals.users_of_value as bigint) as users_of_value,
    {{ metric('wallet_use_rate') }} as wallet_use_rate,
    {{ metric_low('wallet_use_rate') }} as share_low,
    {{ metric_high('wallet_use_rate') }} as share_high,
    {{ is_small_sample('wallet_use_rate') }} as is_small_sample
from counted
inner join totals
    on counted.dimension = totals.dimension
    and counted.dimension_value = totals.dimension_value
