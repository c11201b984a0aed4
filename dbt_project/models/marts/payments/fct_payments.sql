with first_attempts as (

    select * from {{ ref('fct_payment_attempts') }} where is_first_attempt

),

-- Only orders with a second attempt need adding up.
retries as (

    select * from {{ ref('fct_payment_attempts') }} where attempts_in_order > 1

),

captures as (

    select * from {{ ref('fct_captures') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

-- "Now" is the newest moment in the data, so that a rebuild tomorrow answers the same.
clock as (

    select max(attempted_at) as newest_at from {{ ref('fct_payment_attempts') }}

),

retried_orders as (

    select
        order_key,
        min(case when user_key_scope = 'subject' then user_key end) as user_key,
        min(case when user_key_scope <> 'subject' then {{ scoped_key('user_key_scope', 'user_key') }} end)
            as scoped_payer,
        max(attempted_at) as last_attempt_at,
        sum(case when resolved_outcome = 'failed' then 1 else 0 end) as failed_attempts,
        sum(case when resolved_outcome = 'unknown' then 1 else 0 end) as unknown_attempts,
        sum(case when resolved_outcome = 'succeeded' then 1 else 0 end) as succeeded_attempts,
        min(case when resolved_outcome = 'succeeded' then attempt_number end) as success_number,
        max(case when is_last_attempt then wallet end) as last_wallet,
        bool_or(is_test) as is_test
    from retries
    group by order_key

),

succeeding_attempts as (

    select retries.order_key, retries.wallet, retries.attempted_at, retries.finished_at
    from retries
    inner join retried_orders
        on retries.order_key = retried_orders.order_key
        and retries.attempt_number = retried_orders.success_number

),

attempted_orders as (

    select
        first_attempts.order_key,
        coalesce(
            retried_orders.user_key,
            case when first_attempts.user_key_scope = 'subject' then first_attempts.user_key end
        ) as user_key,
        coalesce(
            retried_orders.scoped_payer,
            case
                when first_attempts.user_key_scope <> 'subject'
                    then {{ scoped_key('first_attempts.user_key_scope', 'first_attempts.user_key') }}
            end
        ) as scoped_payer,
        first_attempts.attempted_at as first_attempt_at,
        coalesce(retried_orders.last_attempt_at, first_attempts.attempted_at) as last_attempt_at,
        first_attempts.business_date,
        first_attempts.currency,
        first_attempts.amount,
        first_attempts.attempts_in_order as attempts,
        coalesce(
            retried_orders.failed_attempts,
            case when first_attempts.resolved_outcome = 'failed' then 1 else 0 end
        ) as failed_attempts,
        first_attempts.wallet as first_wallet,
        coalesce(retried_orders.last_wallet, first_attempts.wallet) as last_wallet,
        case
            when retried_orders.order_key is not null then succeeding_attempts.wallet
            when first_attempts.resolved_outcome = 'succeeded' then first_attempts.wallet
        end as success_wallet,
        case
            when retried_orders.order_key is not null
                then coalesce(succeeding_attempts.finished_at, succeeding_attempts.attempted_at)
            when first_attempts.resolved_outcome = 'succeeded'
                then coalesce(first_attempts.finished_at, first_attempts.attempted_at)
        end as success_at,
        case
            when retried_orders.succeeded_attempts > 0 then 'succeeded'
            when retried_orders.unknown_attempts > 0 then 'unknown'
            when retried_orders.order_key is not null then 'failed'
            else first_attempts.resolved_outcome
        end as attempts_outcome,
        first_attempts.resolved_outcome as first_outcome,
        first_attempts.failure_category as first_failure_category,
        first_attempts.channel,
        first_attempts.os,
        first_attempts.app_version,
        first_attempts.region,
        first_attempts.language,
        first_attempts.is_new_device,
        coalesce(retried_orders.is_test, first_attempts.is_test) as is_test
    from first_attempts
    left join retried_orders on first_attempts.order_key = retried_orders.order_key
    left join succeeding_attempts on first_attempts.order_key = succeeding_attempts.order_key

),

-- A sum over currencies means nothing: an order that was paid in two is counted in the one that was
-- paid first, and marked. Hardly any order is.
mixed_orders as (

    select order_key, {{ earliest('currency', 'captured_at', 'currency') }} as currency
    from captures
    group by order_key
    having min(currency) <> max(currency)

),

counted_captures as (

    select captures.*, mixed_orders.order_key is not null as has_other_currency
    from captures
    left join mixed_orders on captures.order_key = mixed_orders.order_key
    where mixed_orders.order_key is null or captures.currency = mixed_orders.currency

),

-- An order can be paid twice by mistake, and refunded in parts: add up before joining.
captured_orders as (

    select
        order_key,
        min(case when user_key_scope = 'subject' then user_key end) as user_key,
        min(case when user_key_scope <> 'subject' then {{ scoped_key('user_key_scope', 'user_key') }} end)
            as scoped_payer,
        min(captured_at) as captured_at,
        min(business_date) as business_date,
        min(currency) as currency,
        min(wallet) as wallet,
        count(*) as capture_count,
        sum(amount) as captured_amount,
        sum(fee_amount) as fee_amount,
        bool_or(is_test) as is_test,
        bool_or(has_other_currency) as has_other_currency
    from counted_captures
    group by order_key

),

-- The basis is the order amount (what was asked back), so that a full refund nets to zero also where
-- coupons paid a part. A failed refund gave nothing back; a pending one is on its way; a revoked
-- payment was given back. Orphans have no order here.
refunded_orders as (

    select
        order_key,
        currency,
        count(*) as refund_count,
        sum(requested_amount) as refunded_amount
    from refunds
    where not is_orphan and refund_status <> 'failed'
    group by order_key, currency

),

refund_currencies as (

    select order_key, min(currency) as first_currency, max(currency) as last_currency
    from refunded_orders
    group by order_key

),

orders as (

    select
        coalesce(attempted_orders.order_key, captured_orders.order_key) as order_key,
        coalesce(attempted_orders.user_key, captured_orders.user_key) as subject_key,
        coalesce(captured_orders.scoped_payer, attempted_orders.scoped_payer) as scoped_payer,
        attempted_orders.first_attempt_at,
        attempted_orders.last_attempt_at,
        captured_orders.captured_at,
        coalesce(attempted_orders.business_date, captured_orders.business_date) as business_date,
        -- The bill is the provider's word; the log may hold the price that the shop showed.
        coalesce(captured_orders.currency, attempted_orders.currency) as currency,
        case
            when captured_orders.currency <> attempted_orders.currency
                then captured_orders.captured_amount
            else coalesce(attempted_orders.amount, captured_orders.captured_amount)
        end as amount,
        coalesce(captured_orders.has_other_currency, false)
        or coalesce(
            refund_currencies.first_currency <> captured_orders.currency
            or refund_currencies.last_currency <> captured_orders.currency,
            false
        ) as has_other_currency,
        coalesce(attempted_orders.attempts, 0) as attempts,
        coalesce(attempted_orders.failed_attempts, 0) as failed_attempts,
        coalesce(attempted_orders.first_wallet, captured_orders.wallet) as first_wallet,
        coalesce(
            attempted_orders.success_wallet, captured_orders.wallet, attempted_orders.last_wallet
        ) as final_wallet,
        attempted_orders.first_outcome,
        case
            when captured_orders.order_key is not null then 'succeeded'
            else attempted_orders.attempts_outcome
        end as final_outcome,
        attempted_orders.first_failure_category,
        coalesce(attempted_orders.success_at, captured_orders.captured_at) as success_at,
        coalesce(captured_orders.capture_count, 0) as capture_count,
        coalesce(captured_orders.captured_amount, 0) as captured_amount,
        captured_orders.fee_amount,
        coalesce(refunded_orders.refund_count, 0) as refund_count,
        coalesce(refunded_orders.refunded_amount, 0) as refunded_amount,
        attempted_orders.channel,
        attempted_orders.os,
        attempted_orders.app_version,
        attempted_orders.region,
        attempted_orders.language,
        attempted_orders.is_new_device,
        coalesce(attempted_orders.is_test, false) or coalesce(captured_orders.is_test, false)
            as is_test,
        attempted_orders.order_key is not null as has_attempts,
        captured_orders.order_key is not null as has_bill
    from attempted_orders
    full outer join captured_orders on attempted_orders.order_key = captured_orders.order_key
    left join refunded_orders
        on coalesce(attempted_orders.order_key, captured_orders.order_key)
        = refunded_orders.order_key
        and captured_orders.currency = refunded_orders.currency
    left join refund_currencies
        on coalesce(attempted_orders.order_key, captured_orders.order_key)
        = refund_currencies.order_key

),

-- A first failure is recovered by a success within the window; it is lost when the window has passed
-- without one; until then, or while an answer is missing, it is open.
judged as (

    select
        orders.*,
        case
            when orders.first_outcome is null or orders.first_outcome <> 'failed' then null
            when orders.final_outcome = 'succeeded'
                and orders.success_at
                <= orders.first_attempt_at + {{ retry_window() }}
                then 'recovered'
            when orders.final_outcome = 'succeeded' then 'lost'
            when orders.final_outcome = 'unknown' then 'open'
            when orders.first_attempt_at + {{ retry_window() }} > clock.newest_at then 'open'
            else 'lost'
        end as fate
    from orders
    cross join clock

)

select
    order_key,
    coalesce(subject_key, {{ key_of_scoped('scoped_payer') }}) as user_key,
    case
        when subject_key is not null then 'subject'
        else {{ scope_of_scoped('scoped_payer') }}
    end as user_key_scope,
    first_attempt_at,
    last_attempt_at,
    captured_at,
    business_date,
    currency,
    has_other_currency,
    cast(amount as decimal(18, 4)) as amount,
    {{ amount_band('amount', 'currency') }} as amount_band,
    cast(attempts as integer) as attempts,
    cast(failed_attempts as integer) as failed_attempts,
    first_wallet,
    final_wallet,
    first_outcome,
    final_outcome,
    first_outcome = 'succeeded' as is_first_attempt_success,
    coalesce(fate = 'recovered', false) as is_recovered,
    case
        when fate = 'recovered' and final_wallet <> first_wallet then 'other_wallet'
        when fate = 'recovered' then 'retry'
        else 'none'
    end as recovery_type,
    first_failure_category,
    -- A bill without seconds may name a moment before the attempt.
    case
        when final_outcome = 'succeeded' and has_attempts
            then greatest({{ exact_seconds_between('first_attempt_at', 'success_at') }}, 0)
    end as seconds_to_success,
    cast(capture_count as integer) as capture_count,
    cast(captured_amount as decimal(18, 4)) as captured_amount,
    cast(refund_count as integer) as refund_count,
    cast(refunded_amount as decimal(18, 4)) as refunded_amount,
    -- A success that only the log knows (no bill yet, or a provider without bills) counts as paid.
    cast(
        case
            when has_bill then captured_amount
            when final_outcome = 'succeeded' then amount
            else 0
        end - refunded_amount as decimal(18, 4)
    ) as net_amount,
    cast(fee_amount as decimal(18, 4)) as fee_amount,
    cast(case when fate is not null then amount else 0 end as decimal(18, 4)) as amount_at_risk,
    cast(case when fate = 'recovered' then amount else 0 end as decimal(18, 4))
        as amount_recovered,
    cast(case when fate = 'lost' then amount else 0 end as decimal(18, 4)) as amount_lost,
    cast(case when fate = 'open' then amount else 0 end as decimal(18, 4)) as amount_open,
    channel,
    os,
    app_version,
    region,
    language,
    is_new_device,
    is_test,
    has_attempts,
    has_bill
from judged
