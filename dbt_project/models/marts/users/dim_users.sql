with orders as (

    select
        *,
        -- Paid and not given back in full; an order that a coupon paid in full is paid.
        final_outcome = 'succeeded' and (net_amount > 0 or refund_count = 0) as is_paid,
        currency = {{ reporting_currency() }} as is_reporting_currency
    from {{ ref('fct_payments') }}
    where user_key is not null and not is_test

),

attempts as (

    select * from {{ ref('fct_payment_attempts') }} where user_key is not null and not is_test

),

-- What a user last said about region, language and system, and which wallet they pay with.
wallets as (

    select
        user_key,
        final_wallet as wallet,
        sum(case when is_paid then 1 else 0 end) as paid_orders
    from orders
    group by user_key, final_wallet

),

wallet_preference as (

    select
        user_key,
        max_by(
            case when paid_orders > 0 then wallet end,
            -- Text, so that ties are broken by name on every engine.
            lpad(cast(paid_orders as varchar), 12, '0') || wallet
        ) as preferred_wallet
    from wallets
    group by user_key

),

wallets_tried as (

    select user_key, wallet from attempts
    union
    select user_key, wallet from wallets

),

wallet_counts as (

    select user_key, count(*) as wallets_used from wallets_tried group by user_key

),

attempt_dates as (

    select user_key, max(business_date) as last_attempt_date
    from attempts
    group by user_key

),

users as (

    select
        user_key,
        min(user_key_scope) as user_key_scope,
        min(business_date) as first_seen_date,
        -- Given back in full later or not: whoever paid once is no stranger to the wallet.
        min(case when final_outcome = 'succeeded' then business_date end) as first_paid_date,
        max(case when is_paid then business_date end) as last_paid_date,
        sum(attempts) as attempts,
        sum(failed_attempts) as failed_attempts,
        count(*) as orders,
        sum(case when is_paid then 1 else 0 end) as paid_orders,
        sum(case when refund_count > 0 then 1 else 0 end) as refunded_orders,
        sum(case when is_recovered then 1 else 0 end) as recovered_orders,
        sum(case when recovery_type = 'other_wallet' then 1 else 0 end)
            as orders_recovered_by_other_wallet,
        sum(case when final_outcome = 'failed' then 1 else 0 end) as lost_orders,
        {{ latest("final_outcome = 'failed'", 'coalesce(first_attempt_at, captured_at)', 'order_key') }}
            as is_last_order_lost,
        sum(case when is_reporting_currency then net_amount + refunded_amount else 0 end)
            as gross_amount,
        sum(case when is_reporting_currency then refunded_amount else 0 end) as refunded_amount,
        sum(case when is_reporting_currency then net_amount else 0 end) as net_amount,
        {{ percentile('case when is_paid and is_reporting_currency then net_amount end', 0.5) }}
            as median_ticket,
        {{ latest('language', 'first_attempt_at', 'order_key') }} as language,
        {{ latest('region', 'first_attempt_at', 'order_key') }} as region,
        {{ latest('os', 'first_attempt_at', 'order_key') }} as os
    from orders
    group by user_key

)

select
    users.user_key,
    users.user_key_scope,
    users.first_seen_date,
    users.first_paid_date,
    users.last_paid_date,
    attempt_dates.last_attempt_date,
    cast(users.attempts as integer) as attempts,
    cast(users.failed_attempts as integer) as failed_attempts,
    cast(users.orders as integer) as orders,
    cast(users.paid_orders as integer) as paid_orders,
    cast(users.refunded_orders as integer) as refunded_orders,
    cast(users.recovered_orders as integer) as recovered_orders,
    cast(users.orders_recovered_by_other_wallet as integer) as orders_recovered_by_other_wallet,
    cast(users.lost_orders as integer) as lost_orders,
    users.is_last_order_lost,
    cast(users.gross_amount as decimal(18, 4)) as gross_amount,
    cast(users.refunded_amount as decimal(18, 4)) as refunded_amount,
    cast(users.net_amount as decimal(18, 4)) as net_amount,
    cast(users.median_ticket as decimal(18, 4)) as median_ticket,
    {{ reporting_currency() }} as currency,
    wallet_preference.preferred_wallet,
    cast(coalesce(wallet_counts.wallets_used, 1) as integer) as wallets_used,
    users.language,
    users.region,
    users.os
from users
left join wallet_preference on users.user_key = wallet_preference.user_key
left join wallet_counts on users.user_key = wallet_counts.user_key
left join attempt_dates on users.user_key = attempt_dates.user_key
