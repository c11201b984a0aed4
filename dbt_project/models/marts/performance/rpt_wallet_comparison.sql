{#- One wallet beside another over the last 90 days of data: rates with intervals, costs and speed in one
    row each. Everything is added up from the facts once more, so that no row of a report is averaged. -#}
with compared as (

    select * from {{ ref('rpt_comparison_window') }}

),

attempts as (

    select facts.*
    from {{ ref('fct_payment_attempts') }} as facts
    cross join compared
    where not facts.is_test and facts.amount > 0
        and facts.business_date >= compared.from_date

),

orders as (

    select facts.*
    from {{ ref('fct_payments') }} as facts
    cross join compared
    where not facts.is_test and facts.has_attempts and facts.amount > 0
        and facts.business_date >= compared.from_date

),

captures as (

    select facts.*
    from {{ ref('fct_captures') }} as facts
    cross join compared
    where not facts.is_test
        and facts.business_date >= compared.from_date

),

refunds as (

    select facts.*
    from {{ ref('fct_refunds') }} as facts
    cross join compared
    where not facts.is_test
        and facts.business_date >= compared.from_date

),

refunds_of_captures as (

    select capture_key, sum(requested_amount) as refunded_amount
    from {{ ref('fct_refunds') }}
    where not is_orphan and refund_status <> 'failed'
    group by capture_key

),

disputes_of_captures as (

    select distinct capture_key from {{ ref('fct_disputes') }} where capture_key is not null

),

fees as (

    select facts.*
    from {{ ref('fct_fees') }} as facts
    cross join compared
    where facts.currency = {{ reporting_currency() }} and not facts.is_test
        and facts.business_date >= compared.from_date

),

tickets as (

    select facts.*
    from {{ ref('fct_support_tickets') }} as facts
    cross join compared
    where not facts.is_test and facts.business_date >= compared.from_date

),

feedback as (

    select facts.*
    from {{ ref('fct_feedback') }} as facts
    cross join compared
    where not facts.is_test and facts.business_date >= compared.from_date

),

people as (

    select wallet, user_key from attempts where user_key is not null
    union
    select wallet, user_key from captures where user_key is not null

),

wallets as (

    select wallet, count(*) as users from people group by wallet

),

attempt_sums as (

    select
        wallet,
        {{ measures('attempt', ['attempts', 'succeeded', 'failed', 'technical_errors']) }},
        {{ percentile('latency_ms', 0.5) }} as latency_p50_ms,
        {{ percentile('latency_ms', 0.95) }} as latency_p95_ms
    from attempts
    group by wallet

),

step_up_sums as (

    select wallet, {{ measures('step_up', ['attempts_told', 'attempts_stepped_up']) }}
    from attempts
    where resolved_outcome = 'succeeded'
    group by wallet

),

order_sums as (

    select
        first_wallet as wallet,
        {{ measures('order', [
            'orders', 'orders_succeeded', 'orders_first_succeeded', 'orders_first_failed',
            'orders_recovered'
        ]) }},
        {{ percentile('seconds_to_success', 0.5) }} as seconds_to_success_p50
    from orders
    group by first_wallet

),

counted_captures as (

    select
        captures.wallet,
        captures.amount,
        captures.currency,
        refunds_of_captures.refunded_amount,
        disputes_of_captures.capture_key is not null as is_disputed
    from captures
    left join refunds_of_captures on captures.capture_key = refunds_of_captures.capture_key
    left join disputes_of_captures on captures.capture_key = disputes_of_captures.capture_key

),

capture_sums as (

    select
        wallet,
        {{ measures('capture', ['captures', 'refunded_captures', 'disputed_captures']) }},
        sum(case when currency = {{ reporting_currency() }} then amount else 0 end)
            as captured_amount
    from counted_captures
    group by wallet

),

refund_sums as (

    select
        wallet,
        {{ measures('refund', [
            'refunds', 'refunds_submitted', 'refunds_failed', 'refunds_due', 'sla_breaches'
        ]) }},
        {{ percentile('turnaround_seconds', 0.5) }} / cast(3600 as double) as turnaround_hours_p50,
        {{ percentile('turnaround_seconds', 0.9) }} / cast(3600 as double) as turnaround_hours_p90
    from refunds
    group by wallet

),

fee_sums as (

    select wallet, {{ measures('fee', ['fee_amount', 'fee_base_amount']) }}
    from fees
    group by wallet

),

ticket_sums as (

    select
        wallet,
        {{ measures('ticket', ['tickets', 'tickets_resolved']) }},
        {{ percentile('first_response_seconds', 0.5) }} / cast(3600 as double)
            as first_response_hours_p50
    from tickets
    group by wallet

),

feedback_sums as (

    select wallet, {{ measures('feedback', ['csat_answers', 'csat_satisfied']) }}
    from feedback
    group by wallet

)

select
    wallets.wallet,
    compared.from_date,
    compared.to_date,
    {{ reporting_currency() }} as currency,
    cast(wallets.users as bigint) as users,
    cast(coalesce(attempt_sums.attempts, 0) as bigint) as attempts,
    {{ metric('attempt_success_rate') }} as attempt_success_rate,
    {{ metric_low('attempt_success_rate') }} as attempt_success_rate_low,
    {{ metric_high('attempt_success_rate') }} as attempt_success_rate_high,
    {{ metric('technical_error_rate') }} as technical_error_rate,
    {{ metric_low('technical_error_rate') }} as technical_error_rate_low,
    {{ metric_high('technical_error_rate') }} as technical_error_rate_high,
    attempt_sums.latency_p50_ms,
    attempt_sums.latency_p95_ms,
    cast(coalesce(order_sums.orders, 0) as bigint) as orders,
    {{ metric('order_success_rate') }} as order_success_rate,
    {{ metric_low('order_success_rate') }} as order_success_rate_low,
    {{ metric_high('order_success_rate') }} as order_success_rate_high,
    {{ metric('first_attempt_success_rate') }} as first_attempt_success_rate,
    {{ metric_low('first_attempt_success_rate') }} as first_attempt_success_rate_low,
    {{ metric_high('first_attempt_success_rate') }} as first_attempt_success_rate_high,
    {{ metric('recovery_rate') }} as recovery_rate,
    {{ metric_low('recovery_rate') }} as recovery_rate_low,
    {{ metric_high('recovery_rate') }} as recovery_rate_high,
    order_sums.seconds_to_success_p50,
    cast(coalesce(capture_sums.captures, 0) as bigint) as captures,
    cast(coalesce(capture_sums.captured_amount, 0) as decimal(38, 4)) as captured_amount,
    cast(fee_sums.fee_amount as decimal(38, 4)) as fee_amount,
    {{ metric('effective_fee_rate') }} as effective_fee_rate,
    {{ metric('refund_rate_by_count') }} as refund_rate_by_count,
    {{ metric_low('refund_rate_by_count') }} as refund_rate_by_count_low,
    {{ metric_high('refund_rate_by_count') }} as refund_rate_by_count_high,
    refund_sums.turnaround_hours_p50,
    refund_sums.turnaround_hours_p90,
    {{ metric('sla_breach_rate') }} as sla_breach_rate,
    {{ metric_low('sla_breach_rate') }} as sla_breach_rate_low,
    {{ metric_high('sla_breach_rate') }} as sla_breach_rate_high,
    {{ metric('refund_failure_rate') }} as refund_failure_rate,
    {{ metric_low('refund_failure_rate') }} as refund_failure_rate_low,
    {{ metric_high('refund_failure_rate') }} as refund_failure_rate_high,
    {{ metric('dispute_rate') }} as dispute_rate,
    {{ metric_high('dispute_rate') }} as dispute_rate_high,
    {{ metric('step_up_coverage') }} as step_up_coverage,
    {{ metric_low('step_up_coverage') }} as step_up_coverage_low,
    {{ metric_high('step_up_coverage') }} as step_up_coverage_high,
    cast(coalesce(ticket_sums.tickets, 0) as bigint) as tickets,
    {{ share('1000 * ticket_sums.tickets', 'order_sums.orders') }} as tickets_per_thousand_orders,
    ticket_sums.first_response_hours_p50,
    {{ metric('ticket_resolution_rate') }} as ticket_resolution_rate,
    {{ metric_low('ticket_resolution_rate') }} as ticket_resolution_rate_low,
    {{ metric_high('ticket_resolution_rate') }} as ticket_resolution_rate_high,
    {{ metric('satisfaction_rate') }} as satisfaction_rate,
    {{ metric_low('satisfaction_rate') }} as satisfaction_rate_low,
    {{ metric_high('satisfaction_rate') }} as satisfaction_rate_high,
    {{ is_small_sample('attempt_success_rate') }} as is_small_sample
from wallets
cross join compared
left join attempt_sums on wallets.wallet = attempt_sums.wallet
left join step_up_sums on wallets.wallet = step_up_sums.wallet
left join order_sums on wallets.wallet = order_sums.wallet
left join capture_sums on wallets.wallet = capture_sums.wallet
left join refund_sums on wallets.wallet = refund_sums.wallet
left join fee_sums on wallets.wallet = fee_sums.wallet
left join ticket_sums on wallets.wallet = ticket_sums.wallet
left join feedback_sums on wallets.wallet = feedback_sums.wallet
