with attempts as (

    select * from {{ ref('fct_payment_attempts') }}

),

failed as (

    select *
    from attempts
    where resolved_outcome = 'failed' and not is_test

),

totals as (

    select
        currency,
        sum(amount) as failed_amount
    from failed
    group by currency

),

unmapped as (

    select
        provider,
        coalesce(failure_code, 'no_code') as failure_code,
        currency,
        count(*) as failed_attempts,
        count(distinct user_key) as users,
        sum(amount) as failed_amount,
        min(business_date) as first_date,
        max(business_date) as last_date
    from failed
    where not is_code_mapped
    group by provider, coalesce(failure_code, 'no_code'), currency

)

select
    unmapped.provider,
    unmapped.failure_code,
    unmapped.currency,
    cast(unmapped.failed_attempts as bigint) as failed_attempts,
    cast(unmapped.users as bigint) as users,
    cast(unmapped.failed_amount as decimal(18, 4)) as failed_amount,
    {{ share('unmapped.failed_amount', 'totals.failed_amount') }} as share_of_failed_amount,
    unmapped.first_date,
    unmapped.last_date
from unmapped
inner join totals on unmapped.currency = totals.currency
