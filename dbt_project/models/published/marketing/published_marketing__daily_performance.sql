{{ config(alias='daily_performance') }}

with performance as (

    select *, cast(date_trunc('month', business_date) as date) as month
    from {{ ref('published_analyst__daily_performance') }}

),

months as (

    select month, wallet from {{ ref('published_marketing__wallet_performance') }}

),

-- `wallet_comparison` tells what its days add up to, and by that the days before them.
compared as (

    select from_date from {{ ref('rpt_comparison_window') }}

),

sided as (

    select
        performance.*,
        coalesce(performance.business_date < compared.from_date, false) as is_before_compared
    from performance
    cross join compared

),

-- A month less its days gives the one day that is hidden; and a month that is hidden would follow from
-- its days. In both cases two days are hidden, with enough people, on either side of the comparison.
hidden as (

    select
        sided.*,
        {{ is_hidden_cell(
            'sided.users',
            tie='sided.business_date',
            by='sided.wallet, sided.month, sided.is_before_compared',
            also='months.month is null'
        ) }} as is_hidden
    from sided
    left join months
        on sided.month = months.month
        and sided.wallet = months.wallet

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
