{{ config(alias='daily_performance') }}

with performance as (

    select *, cast(date_trunc('month', business_date) as date) as month
    from {{ ref('published_analyst__daily_performance') }}

),

months as (

    select month, wallet from {{ ref('published_marketing__wallet_performance') }}

),

-- A month less its days gives the one day that is hidden; and a month that is hidden would follow from
-- its days. In both cases two days are hidden, with enough people.
hidden as (

    select
        performance.*,
        {{ is_hidden_cell(
            'performance.users',
            tie='performance.business_date',
            by='performance.wallet, performance.month',
            also='months.month is null'
        ) }} as is_hidden
    from performance
    left join months
        on performance.month = months.month
        and performance.wallet = months.wallet

)

select
    business_date,
    wallet,
    users,
    attempts,
    succeeded,
    failed,
    unknown,
    attempt_success_rate
from hidden
where not is_hidden
