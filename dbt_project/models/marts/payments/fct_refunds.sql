with refunds as (

    select * from {{ ref('int_refunds__deduplicated') }}

),

payers as (

    select * from {{ ref('int_payers__customers') }}

),

captures as (

    select * from {{ ref('fct_captures') }}

),

attempts as (

    select * from {{ ref('fct_payment_attempts') }}

),

-- Narrow first: refunds are few, captures and attempts are many.
refunded_captures as (

    select captures.*
    from captures
    where exists (select 1 from refunds where refunds.capture_key = captures.capture_key)

),

-- Two exports may name the order of one payment in two ways: a refund is of the order its payment is of.
placed as (

    select
        refunds.refund_key,
        coalesce(refunded_captures.order_key, refunds.order_key) as order_key
    from refunds
    left join refunded_captures on refunds.capture_key = refunded_captures.capture_key

),

order_users as (

    select
        order_key,
        min(case when user_key_scope = 'subject' then user_key end) as user_key,
        bool_or(is_test) as is_test
    from attempts
    where exists (select 1 from placed where placed.order_key = attempts.order_key)
    group by order_key

),

linked as (

    select
        refunds.*,
        placed.order_key as placed_order_key,
        refunded_captures.capture_key is null as is_orphan,
        refunded_captures.captured_at,
        refunded_captures.business_date as captured_date,
        -- A refund may be told in the currency of the settlement.
        case
            when refunds.currency <> refunded_captures.currency
                and refunds.currency = refunded_captures.settlement_currency
                then refunded_captures.settlement_amount
            else refunded_captures.amount
        end as captured_amount,
        refunded_captures.wallet as captured_wallet,
        -- Who paid gets the money back, where the refund itself does not say who that is.
        coalesce(
            order_users.user_key,
            refunds.user_key,
            payers.user_key,
            case
                when refunded_captures.user_key_scope = 'subject' then refunded_captures.user_key
            end
        ) as subject_key,
        coalesce(refunds.payer_key, refunded_captures.user_key) as scoped_key,
        case
            when refunds.payer_key is not null then refunds.payer_scope
            else refunded_captures.user_key_scope
        end as scope,
        refunds.is_test
        or coalesce(refunded_captures.is_test, false)
        or coalesce(order_users.is_test, false) as is_test_traffic,
        coalesce(refunds.completed_at, refunds.accepted_at) as refunded_at,
        {{ hours_after('coalesce(refunds.requested_at, refunds.accepted_at)', 'refunds.sla_hours') }}
            as due_at
    from refunds
    left join refunded_captures on refunds.capture_key = refunded_captures.capture_key
    left join placed on refunds.refund_key = placed.refund_key
    left join order_users on placed.order_key = order_users.order_key
    left join payers
        on refunds.payer_scope = payers.payer_scope
        and refunds.payer_key = payers.payer_key

)

select
    refund_key,
    capture_key,
    placed_order_key as order_key,
    coalesce(subject_key, scoped_key) as user_key,
    case when subject_key is not null then 'subject' else scope end as user_key_scope,
    provider,
    coalesce(wallet, captured_wallet, 'unknown') as wallet,
    refund_kind,
    requested_at,
    accepted_at,
    completed_at,
    business_date,
    refund_status,
    requested_amount,
    refund_amount,
    fee_returned_amount,
    fee_currency,
    refund_reason,
    failure_reason,
    currency,
    is_orphan,
    case when not is_orphan then requested_amount < captured_amount end as is_partial,
    cast(
        row_number() over (
            partition by coalesce(capture_key, refund_key) order by refunded_at, refund_key
        ) as integer
    ) as refund_number,
    cast(count(*) over (partition by coalesce(capture_key, refund_key)) as integer) as refunds_of_capture,
    captured_at,
    {{ days_between('captured_date', 'business_date') }} as days_since_capture,
    {{ seconds_between('requested_at', 'completed_at') }} as turnaround_seconds,
    cast(sla_hours as integer) as sla_hours,
    -- Due: done, or still pending in an export drawn after its time. A bill freezes the state of its day
    -- and is never corrected, so a PROCESSING in it says nothing about later; and a refund whose start
    -- or end no export tells can be neither in time nor late.
    coalesce(
        refund_status <> 'failed' and due_at is not null and (
            completed_at is not null
            or (refund_status = 'pending' and export_date > cast(due_at as date))
        ),
        false
    ) as is_sla_due,
    coalesce(
        refund_status <> 'failed' and due_at is not null and (
            completed_at > due_at
            or (
                completed_at is null
                and refund_status = 'pending'
                and export_date > cast(due_at as date)
            )
        ),
        false
    ) as is_sla_breached,
    operator_key,
    is_test_traffic as is_test,
    is_fee_borrowed,
    is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from linked
