with attempts as (

    select * from {{ ref('int_payment_attempts__deduplicated') }}

),

payers as (

    select * from {{ ref('int_payers__customers') }}

),

-- The windows below need few columns; carrying all through them would double the work.
states as (

    select attempt_key, order_key, provider, wallet, attempted_at, outcome
    from {{ ref('int_payment_attempts__deduplicated') }}

),

captures as (

    select * from {{ ref('int_captures__deduplicated') }}

),

failure_codes as (

    select * from {{ ref('int_failure_codes__matched') }}

),

orders as (

    select order_key, count(*) as attempts_in_order
    from states
    group by order_key

),

billed as (

    select
        order_key,
        provider,
        count(*) as captures,
        max(captured_at) as last_captured_at
    from captures
    group by order_key, provider

),

-- A bill confirms as many attempts of an order as it has payments for it. It confirms those that the
-- log calls succeeded; if there are none, the last one that began before the payment, since a log may
-- miss the answer (late success) but a later failure is not what was paid. Five minutes allow for
-- clocks that differ and for bills without seconds.
candidates as (

    select
        states.attempt_key,
        states.order_key,
        states.provider,
        states.wallet,
        states.attempted_at,
        states.outcome,
        orders.attempts_in_order,
        coalesce(billed.captures, 0) as captures,
        case
            when billed.captures is null then 9
            when states.outcome = 'succeeded' then 0
            when states.attempted_at > billed.last_captured_at + interval '5' minute then 9
            when states.outcome = 'unknown' then 1
            else 2
        end as confirmation_class
    from states
    inner join orders on states.order_key = orders.order_key
    left join billed
        on states.order_key = billed.order_key
        and states.provider = billed.provider

),

-- Most orders have one attempt and need no window.
sequenced as (

    select
        attempt_key,
        1 as attempt_number,
        attempts_in_order,
        cast(null as varchar) as previous_wallet,
        confirmation_class < 9 and captures >= 1 as confirmed_by_bill
    from candidates
    where attempts_in_order = 1

    union all

    select
        attempt_key,
        row_number() over (
            partition by order_key order by attempted_at, attempt_key
        ) as attempt_number,
        attempts_in_order,
        lag(wallet) over (
            partition by order_key order by attempted_at, attempt_key
        ) as previous_wallet,
        confirmation_class < 9 and captures >= row_number() over (
            partition by order_key, provider
            order by confirmation_class, attempted_at desc, attempt_key
        ) as confirmed_by_bill
    from candidates
    where attempts_in_order > 1

),

resolved as (

    select
        attempts.*,
        sequenced.attempt_number,
        sequenced.attempts_in_order,
        sequenced.previous_wallet,
        sequenced.confirmed_by_bill,
        case when sequenced.confirmed_by_bill then 'succeeded' else attempts.outcome end
            as resolved_outcome,
        {{ local_ts('attempts.attempted_at') }} as attempted_at_local
    from attempts
    inner join sequenced on attempts.attempt_key = sequenced.attempt_key

)

select
    resolved.attempt_key,
    resolved.order_key,
    coalesce(resolved.user_key, payers.user_key, resolved.payer_key) as user_key,
    case
        when coalesce(resolved.user_key, payers.user_key) is not null then 'subject'
        when resolved.payer_key is not null then resolved.payer_scope
    end as user_key_scope,
    resolved.device_key,
    resolved.provider,
    coalesce(resolved.wallet, 'unknown') as wallet,
    resolved.method_family,
    resolved.funding_brand,
    resolved.method,
    resolved.channel,
    resolved.attempted_at,
    resolved.finished_at,
    cast(resolved.attempted_at_local as date) as business_date,
    cast(extract(hour from resolved.attempted_at_local) as integer) as local_hour,
    resolved.outcome,
    resolved.resolved_outcome,
    resolved.confirmed_by_bill and resolved.outcome <> 'succeeded' as is_late_success,
    resolved.confirmed_by_bill,
    resolved.provider_state,
    resolved.error_code,
    resolved.error_sub_code,
    resolved.advice_code,
    failure_codes.failure_code,
    case when resolved.resolved_outcome = 'failed'
        then coalesce(failure_codes.failure_category, 'unknown') end as failure_category,
    failure_codes.retryable,
    failure_codes.party_at_fault,
    failure_codes.next_action,
    case when resolved.resolved_outcome = 'failed'
        then coalesce(failure_codes.is_code_mapped, false) end as is_code_mapped,
    resolved.amount,
    resolved.currency,
    {{ amount_band('resolved.amount', 'resolved.currency') }} as amount_band,
    resolved.os,
    resolved.app_version,
    resolved.region,
    resolved.language,
    resolved.bank,
    resolved.is_new_device,
    resolved.step_up,
    resolved.latency_ms,
    resolved.is_test,
    cast(resolved.attempt_number as integer) as attempt_number,
    cast(resolved.attempts_in_order as integer) as attempts_in_order,
    resolved.attempt_number = 1 as is_first_attempt,
    resolved.attempt_number = resolved.attempts_in_order as is_last_attempt,
    resolved.attempt_number > 1 as is_retry,
    resolved.previous_wallet,
    coalesce(resolved.previous_wallet <> resolved.wallet, false) as is_wallet_switch,
    resolved.is_derived,
    resolved.source,
    resolved.file_sha256,
    {{ archive_member('resolved.source_file') }} as file_member,
    resolved.row_number
from resolved
left join payers
    on resolved.payer_scope = payers.payer_scope
    and resolved.payer_key = payers.payer_key
left join failure_codes
    on resolved.resolved_outcome = 'failed'
    and resolved.provider = failure_codes.provider
    and coalesce(resolved.error_code, '') = failure_codes.error_code
    and coalesce(resolved.error_sub_code, '') = failure_codes.error_sub_code
    and coalesce(resolved.provider_state, '') = failure_codes.provider_state
