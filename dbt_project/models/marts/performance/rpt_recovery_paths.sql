with first_failures as (

    select *
    from {{ ref('fct_payments') }}
    where has_attempts and not is_test and first_outcome = 'failed'

),

summed as (

    select
        first_wallet,
        case when is_recovered then final_wallet else 'none' end as recovered_by_wallet,
        currency,
        count(distinct user_key) as users,
        count(*) as orders,
        sum(amount) as amount,
        {{ percentile('case when is_recovered then seconds_to_success end', 0.5) }}
            as seconds_to_recover_p50
    from first_failures
    group by first_wallet, case when is_recovered then final_wallet else 'none' end, currency

)

select
    first_wallet,
    recovered_by_wallet,
    currency,
    cast(users as bigint) as users,
    cast(orders as bigint) as orders,
    cast(amount as decimal(38, 4)) as amount,
    {{ share('orders', 'sum(orders) over (partition by first_wallet, currency)') }}
        as share_of_first_failures,
    seconds_to_recover_p50
from summed
