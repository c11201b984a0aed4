with users as (

    select * from {{ ref('dim_users') }}

),

attempts as (

    select
        user_key,
        wallet,
        region,
        language,
        os,
        {{ amount_band('amount', 'currency') }} as amount_band
    from {{ ref('fct_payment_attempts') }}
    where not is_test and user_key is not null

),

sliced as (

    select distinct 'all' as dimension, 'all' as dimension_value, wallet, user_key from attempts
    union all
    select distinct 'region', coalesce(region, 'unknown'), wallet, user_key from attempts
    union all
    select distinct 'language', coalesce(language, 'unknown'), wallet, user_key from attempts
    union all
    select distinct 'os', coalesce(os, 'unknown'), wallet, user_key from attempts
    union all
    select distinct 'amount_band', amount_band, wallet, user_key
    from attempts
    where amount_band is not null
    union all
    select distinct 'preferred_wallet', coalesce(users.preferred_wallet, 'none'), attempts.wallet, attempts.user_key
    from attempts
    inner join users on attempts.user_key = users.user_key

),

totals as (

    select dimension, dimension_value, count(distinct user_key) as users
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
    cast(totals.users as bigint) as users_of_value,
    {{ share('counted.users', 'totals.users') }} as share_of_users,
    {{ wilson_low('counted.users', 'totals.users') }} as share_low,
    {{ wilson_high('counted.users', 'totals.users') }} as share_high,
    totals.users < 30 as is_small_sample
from counted
inner join totals
    on counted.dimension = totals.dimension
    and counted.dimension_value = totals.dimension_value
