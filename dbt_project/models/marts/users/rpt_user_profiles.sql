with users as (

    select * from {{ ref('dim_users') }}

),

orders as (

    select
        *,
        final_outcome = 'succeeded' and (net_amount > 0 or refund_count = 0) as is_paid
    from {{ ref('fct_payments') }}
    where user_key is not null and not is_test

),

attempts as (

    select * from {{ ref('fct_payment_attempts') }} where user_key is not null and not is_test

),

captures as (

    select * from {{ ref('fct_captures') }} where user_key is not null and not is_test

),

tickets as (

    select user_key, count(*) as support_tickets
    from {{ ref('fct_support_tickets') }}
    where user_key is not null and not is_test
    group by user_key

),

-- Surveys have scales of their own; the share of the scale makes them one.
feedback as (

    select
        user_key,
        count(*) as feedback_answers,
        -- Decimals add up alike in any order.
        avg(cast(score_share as decimal(9, 6))) as satisfaction
    from {{ ref('fct_feedback') }}
    where user_key is not null and not is_test
    group by user_key

),

-- The wallet somebody reaches for first, paid or not ...
first_choices as (

    select
        user_key,
        first_wallet as wallet,
        count(*) as orders,
        sum(count(*)) over (partition by user_key) as all_orders
    from orders
    group by user_key, first_wallet

),

chosen as (

    select
        user_key,
        max_by(wallet, lpad(cast(orders as varchar), 12, '0') || wallet) as chosen_wallet,
        {{ share('max(orders)', 'max(all_orders)') }} as chosen_wallet_share
    from first_choices
    group by user_key

),

-- ... and the one they end up paying with.
payers as (

    select
        user_key,
        final_wallet as wallet,
        count(*) as orders,
        sum(count(*)) over (partition by user_key) as all_orders
    from orders
    where is_paid
    group by user_key, final_wallet

),

settled as (

    select
        user_key,
        max_by(wallet, lpad(cast(orders as varchar), 12, '0') || wallet) as most_used_wallet,
        {{ share('max(orders)', 'max(all_orders)') }} as settled_wallet_share,
        max(all_orders) as paid_orders,
        -- Summed as decimals: the last digit of a sum of doubles depends on the order of rows.
        cast(
            abs(
                sum(
                    cast(
                        {{ share('orders', 'all_orders') }} * ln({{ share('orders', 'all_orders') }})
                        as decimal(18, 12)
                    )
                )
            ) as double
        ) as wallet_entropy
    from payers
    group by user_key

),

-- Only bills name products (as a keyed pseudonym); a product is preferred by money, not by count.
product_spend as (

    select
        user_key,
        product_key,
        sum(amount) as amount,
        count(*) as payments,
        sum(sum(amount)) over (partition by user_key) as amount_of_user,
        sum(count(*)) over (partition by user_key) as payments_of_user,
        sum(sum(amount)) over (partition by product_key) as amount_of_product,
        sum(sum(amount)) over () as amount_of_all
    from captures
    where product_key is not null and currency = {{ reporting_currency() }}
    group by user_key, product_key

),

preferred_products as (

    select
        *,
        row_number() over (partition by user_key order by amount desc, product_key) as place
    from product_spend

),

discounts as (

    select
        user_key,
        count(*) as billed_payments,
        sum(
            case
                when coalesce(coupon_amount, 0) > 0 or coalesce(merchant_discount_amount, 0) > 0
                    then 1
                else 0
            end
        ) as discounted_payments
    from captures
    group by user_key

),

failures as (

    select
        user_key,
        sum(
            case when resolved_outcome = 'failed' and party_at_fault <> 'customer' then 1 else 0 end
        ) as failed_attempts_by_others,
        count(distinct device_key) as devices_used
    from attempts
    group by user_key

),

purchase_days as (

    select
        user_key,
        business_date,
        sum(case when {{ iso_weekday('business_date') }} >= 6 then 1 else 0 end) as weekend_orders,
        count(*) as orders,
        lag(business_date) over (partition by user_key order by business_date) as previous_date
    from orders
    where is_paid
    group by user_key, business_date

),

rhythm as (

    select
        user_key,
        count(*) as purchase_days,
        count(distinct date_trunc('month', business_date)) as active_months,
        {{ share('sum(weekend_orders)', 'sum(orders)') }} as weekend_order_share,
        {{ percentile(days_between('previous_date', 'business_date'), 0.5) }} as median_gap_days
    from purchase_days
    group by user_key

),

order_facts as (

    select
        user_key,
        {{ latest('channel', 'first_attempt_at', 'order_key') }} as last_channel,
        sum(case when final_outcome = 'succeeded' then 1 else 0 end) as succeeded_orders
    from orders
    group by user_key

)

select
    users.user_key,
    chosen.chosen_wallet,
    chosen.chosen_wallet_share,
    -- A habit needs three payments and a clear majority.
    case
        when settled.paid_orders >= 3 and settled.settled_wallet_share >= 0.6
            then settled.most_used_wallet
    end as settled_wallet,
    settled.settled_wallet_share,
    settled.wallet_entropy,
    case when preferred_products.payments_of_user >= 3 then preferred_products.product_key end
        as preferred_product_key,
    case
        when preferred_products.payments_of_user >= 3
            then {{ share('preferred_products.amount', 'preferred_products.amount_of_user') }}
    end as preferred_product_share,
    -- Against the product's part of everybody's money: 1 is no preference.
    case
        when preferred_products.payments_of_user >= 3
            then ({{ share('preferred_products.amount', 'preferred_products.amount_of_user') }})
                / ({{ share('preferred_products.amount_of_product', 'preferred_products.amount_of_all') }})
    end as preferred_product_lift,
    {{ amount_band('users.median_ticket', 'users.currency') }} as ticket_band,
    cast(coalesce(order_facts.succeeded_orders, 0) as integer) as succeeded_orders,
    cast(users.refunded_orders as integer) as refunded_orders,
    cast(coalesce(discounts.billed_payments, 0) as integer) as billed_payments,
    cast(coalesce(discounts.discounted_payments, 0) as integer) as discounted_payments,
    cast(users.attempts as integer) as attempts,
    cast(coalesce(failures.failed_attempts_by_others, 0) as integer) as failed_attempts_by_others,
    cast(coalesce(rhythm.purchase_days, 0) as integer) as purchase_days,
    cast(coalesce(rhythm.active_months, 0) as integer) as active_months,
    rhythm.weekend_order_share,
    rhythm.median_gap_days,
    cast(coalesce(failures.devices_used, 0) as integer) as devices_used,
    cast(coalesce(tickets.support_tickets, 0) as integer) as support_tickets,
    cast(coalesce(feedback.feedback_answers, 0) as integer) as feedback_answers,
    cast(feedback.satisfaction as double) as satisfaction,
    order_facts.last_channel,
    users.os,
    users.language
from users
left join chosen on users.user_key = chosen.user_key
left join settled on users.user_key = settled.user_key
left join preferred_products
    on users.user_key = preferred_products.user_key and preferred_products.place = 1
left join discounts on users.user_key = discounts.user_key
left join failures on users.user_key = failures.user_key
left join tickets on users.user_key = tickets.user_key
left join feedback on users.user_key = feedback.user_key
left join rhythm on users.user_key = rhythm.user_key
left join order_facts on users.user_key = order_facts.user_key
