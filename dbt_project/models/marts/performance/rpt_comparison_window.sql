{#- The days over which wallets are compared: the last 90 of data, unless what lies beside them would tell of
    few people. -#}
with newest as (

    select
        newest_date,
        cast(newest_date - interval '89' day as date) as day_90,
        {{ month_of("newest_date - interval '89' day") }} as month_90
    from (select {{ newest_business_date() }} as newest_date) as dates

),

-- Months and days of a wallet are published too: all of them less these 90 days are the payments from
-- before, and the month in which the 90 days begin has a side on either hand. Where few people are on
-- a side, their payments would follow. The comparison then begins with that month, the next, or an
-- earlier one: the first of these that leaves nobody's payments over.
seen as (

    select 'tried' as how, wallet, user_key, business_date
    from {{ ref('fct_payment_attempts') }} where not is_test
    union all
    select 'tried' as how, wallet, user_key, business_date
    from {{ ref('fct_captures') }} where not is_test
    union all
    select 'paid' as how, wallet, user_key, business_date
    from {{ ref('fct_captures') }} where not is_test and currency = {{ reporting_currency() }}

),

-- Those without a name are one row of nobody.
people_seen as (

    select
        seen.how,
        seen.wallet,
        seen.user_key,
        min(seen.business_date) as first_date,
        max(seen.business_date) as last_date,
        max(case when seen.business_date >= newest.month_90
            and seen.business_date < newest.day_90 then 1 else 0 end) as is_left_of_day_90,
        max(case when seen.business_date >= newest.day_90
            and {{ month_of('seen.business_date') }} = newest.month_90 then 1 else 0 end)
            as is_right_of_day_90
    from seen
    cross join newest
    group by seen.how, seen.wallet, seen.user_key

),

starts as (

    select day_90 as start_date, month_90 as start_month from newest
    union
    select {{ month_of('seen.business_date') }}, {{ month_of('seen.business_date') }}
    from seen
    cross join newest
    where {{ month_of('seen.business_date') }} < cast(newest.day_90 + interval '31' day as date)

),

sides as (

    select
        starts.start_date,
        people.how,
        people.wallet,
        count(case when people.last_date >= starts.start_date then people.user_key end) as inside,
        count(case when people.first_date < starts.start_month then 1 end) as facts_before,
        count(case when people.first_date < starts.start_month then people.user_key end)
            as people_before,
        sum(case when starts.start_date > starts.start_month
            then people.is_left_of_day_90 else 0 end) as facts_left,
        count(case when starts.start_date > starts.start_month and people.is_left_of_day_90 = 1
            then people.user_key end) as people_left,
        sum(case when starts.start_date > starts.start_month
            then people.is_right_of_day_90 else 0 end) as facts_right,
        count(case when starts.start_date > starts.start_month and people.is_right_of_day_90 = 1
            then people.user_key end) as people_right
    from starts
    cross join people_seen as people
    group by starts.start_date, people.how, people.wallet

),

-- A wallet of few people is not compared in public.
telling as (

    select distinct start_date
    from sides
    where inside >= {{ minimum_cell_users() }}
        and (
            (facts_before > 0 and people_before < {{ minimum_cell_users() }})
            or (facts_left > 0 and people_left < {{ minimum_cell_users() }})
            or (facts_left > 0 and facts_right > 0 and people_right < {{ minimum_cell_users() }})
        )

),

possible as (

    select
        newest.newest_date,
        newest.month_90,
        max(case when starts.start_date <= newest.day_90 then starts.start_date end) as last_before,
        min(case when starts.start_date > newest.day_90 then starts.start_date end) as first_after
    from newest
    cross join starts
    left join telling on starts.start_date = telling.start_date
    where telling.start_date is null
    group by newest.newest_date, newest.month_90

)

select
    case when last_before >= month_90 then last_before
        else coalesce(first_after, last_before) end as from_date,
    newest_date as to_date
from possible
