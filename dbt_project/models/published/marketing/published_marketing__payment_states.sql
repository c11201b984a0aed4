{{ config(alias='payment_states') }}

with states as (

    select * from {{ ref('published_analyst__payment_states') }}

),

-- Of many who lost their last order few may have paid before: their money would be the row's. Nobody's is 0.
payers as (

    select
        cast(segments.payment_state as varchar) as payment_state,
        count(case when users.net_amount <> 0 then 1 end) as payers
    from {{ ref('dim_users') }} as users
    inner join {{ source('analysis', 'user_segments') }} as segments
        on users.user_key = cast(segments.user_key as uuid)
    group by segments.payment_state

),

cells as (

    select
        states.*,
        {{ is_hidden_cell('states.users', tie='states.payment_state') }} as is_hidden,
        {{ is_hidden_cell(
            'case when coalesce(payers.payers, 0) = 0 then 1000000 else payers.payers end',
            tie='states.payment_state'
        ) }} as is_amount_hidden
    from states
    left join payers on states.payment_state = payers.payment_state

)

select
    payment_state,
    users,
    {{ share('users', 'sum(users) over ()') }} as share_of_users,
    case when not is_amount_hidden then net_amount end as net_amount,
    failed_attempts,
    lost_orders,
    currency
from cells
where not is_hidden
