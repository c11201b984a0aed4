{{ config(alias='rpt_wallet_users') }}

with report as (

    select * from {{ ref('rpt_wallet_users') }}

),

-- As in the report: who tried the wallet or paid with it.
people as (

    select user_key, wallet
    from {{ ref('fct_payment_attempts') }}
    where not is_test and user_key is not null
    union
    select user_key, wallet
    from {{ ref('fct_captures') }}
    where not is_test and user_key is not null

),

-- Segments are made from the marts, so the marts cannot count by them.
segments as (

    select user_key, lifecycle_segment
    from {{ source('analysis', 'user_segments') }}
    where lifecycle_segment is not null

),

used as (

    select segments.lifecycle_segment, people.wallet, people.user_key
    from people
    inner join segments on people.user_key = segments.user_key

),

totals as (

    select lifecycle_segment, count(distinct user_key) as users_of_value
    from used
    group by lifecycle_segment

),

counted as (

    select lifecycle_segment, wallet, count(*) as users from used group by lifecycle_segment, wallet

)

select
    dimension,
    dimension_value,
    wallet,
    users,
    users_of_value,
    wallet_use_rate,
    share_low,
    share_high,
    is_small_sample
from report

union all

select
    'lifecycle_segment',
    counted.lifecycle_segment,
    counted.wallet,
    cast(counted.users as bigint),
    cast(totals.users_of_value as bigint),
    {{ metric('wallet_use_rate') }},
    {{ metric_low('wallet_use_rate') }},
    {{ metric_high('wallet_use_rate') }},
    {{ is_small_sample('wallet_use_rate') }}
from counted
inner join totals on counted.lifecycle_segment = totals.lifecycle_segment
