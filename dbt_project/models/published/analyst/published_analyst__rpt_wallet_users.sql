{{ config(alias='rpt_wallet_users') }}

with report as (

    select * from {{ ref('rpt_wallet_users') }}

),

attempts as (

    select distinct user_key, wallet
    from {{ ref('fct_payment_attempts') }}
    where not is_test and user_key is not null

),

-- Segments are made from the marts, so the marts cannot count by them.
segments as (

    select user_key, lifecycle_segment
    from {{ source('analysis', 'user_segments') }}
    where lifecycle_segment is not null

),

used as (

    select segments.lifecycle_segment, attempts.wallet, attempts.user_key
    from attempts
    inner join segments on attempts.user_key = segments.user_key

),

totals as (

    select lifecycle_segment, count(distinct user_key) as users from used group by lifecycle_segment

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
    share_of_users,
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
    cast(totals.users as bigint),
    {{ share('counted.users', 'totals.users') }},
    {{ wilson_low('counted.users', 'totals.users') }},
    {{ wilson_high('counted.users', 'totals.users') }},
    totals.users < 30
from counted
inner join totals on counted.lifecycle_segment = totals.lifecycle_segment
