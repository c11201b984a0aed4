"""Refunds broken down the way failures are: how often, how many fail, how long they take.

What belongs here: the SQL of one table over captures and refunds. What does not: refund abuse
(`risk`), the monthly view (the published refund_summary).

Mainland bills name no reason for a refund; exports of Stripe and others do. What all tell is its
shape: all of the payment or a part, one of several, or a payment revoked at the till.
"""

from __future__ import annotations

from pipelines.failures.breakdown import ALL, NOT_RECORDED, SMALL_SAMPLE
from pipelines.warehouse.metric_ratios import ratio
from pipelines.warehouse.wilson import wilson_sql

# Dimension -> SQL over a capture with its order (`payments`) and its user's segment.
DIMENSIONS: dict[str, str] = {
    "wallet": "captures.wallet",
    "provider": "captures.provider",
    "channel": "payments.channel",
    "region": "payments.region",
    "amount_band": "payments.amount_band",
    "lifecycle_segment": "segments.lifecycle_segment",
    "recovery_type": "case when payments.first_outcome = 'failed' then payments.recovery_type"
    " else 'paid_at_once' end",
}
# Dimension -> SQL over a refund: these split refunds only, so they have no refund rate.
REFUND_DIMENSIONS: dict[str, str] = {
    "refund_reason": "refund_reason",
    "failure_reason": "case when refund_status = 'failed' then failure_reason"
    " else 'did_not_fail' end",
    "refund_shape": "case when refund_kind = 'revocation' then 'revocation'"
    " when is_orphan then 'payment_unknown' when is_partial then 'partial' else 'full' end",
    "refund_number": "case when refund_number > 2 then '3+' else refund_number::varchar end",
    "days_since_payment": "case when days_since_capture is null then null"
    " when days_since_capture = 0 then 'same_day' when days_since_capture <= 7 then '1-7'"
    " when days_since_capture <= 30 then '8-30' else '31+' end",
}


def refunds_sql(currency: str) -> str:
    """SQL of `analysis.refund_breakdown` over the marts.

    Args:
        currency: the reporting currency; amounts cover only it, counts all currencies.

    Returns:
        A SELECT with one row per dimension and value ('all' for everything): captures,
        refunded_captures, refund_rate with Wilson bounds, refunds, users (different people behind
        them), failed and pending refunds, refund_failure_rate (failed among all asked for)
        with bounds, refunded_amount, amount_failed, partial and repeated refunds, timed (refunds
        with both times), hours_p50, hours_p90, hours_p95 of these, refunds_due, sla_breaches and
        sla_breach_rate (done or open past the promised time, of those due), is_small_sample,
        users_given_back (different people behind refunded_amount). Test traffic is left out.
    """
    if not (len(currency) == 3 and currency.isalpha()):
        raise ValueError(f"currency must be an ISO 4217 code such as CNY, got {currency!r}")
    places = ", ".join(
        f"coalesce({sql}, '{NOT_RECORDED}') as {name}" for name, sql in DIMENSIONS.items()
    )
    shapes = ", ".join(
        f"coalesce({sql}, '{NOT_RECORDED}') as {name}" for name, sql in REFUND_DIMENSIONS.items()
    )
    names = [*DIMENSIONS, *REFUND_DIMENSIONS]
    dimension = " ".join(f"when grouping({name}) = 0 then '{name}'" for name in names)
    refund_low, refund_high = wilson_sql("refunded_captures", "nullif(captures, 0)")
    failed_low, failed_high = wilson_sql("refunds_failed", "refunds_submitted")
    return f"""
    with {_events_sql(currency, places, shapes)},
    grouped as (
        select
            case {dimension} else '{ALL}' end as dimension,
            coalesce({", ".join(names)}, '{ALL}') as dimension_value,
            sum(is_capture)::bigint as captures,
            sum(is_refunded_capture)::bigint as refunded_captures,
            sum(is_refund)::bigint as refunds_submitted,
            count(distinct refund_user_key)::bigint as users,
            count(distinct refund_user_key) filter (status <> 'failed' and amount > 0)::bigint
                as users_given_back,
            count(*) filter (status = 'succeeded') as succeeded,
            count(*) filter (status = 'failed') as refunds_failed,
            count(*) filter (status in ('pending', 'unknown')) as pending,
            coalesce(sum(amount) filter (status <> 'failed'), 0)::decimal(18, 4) as refunded_amount,
            coalesce(sum(amount) filter (status = 'failed'), 0)::decimal(18, 4) as amount_failed,
            count(*) filter (is_partial and status <> 'failed') as partial_refunds,
            count(*) filter (is_repeated and status <> 'failed') as repeated_refunds,
            count(hours) as timed,
            quantile_cont(hours, [0.5, 0.9, 0.95]) as spread,
            count(*) filter (is_sla_due) as refunds_due,
            count(*) filter (is_sla_breached) as sla_breaches
        from events
        group by grouping sets ((), {", ".join(f"({name})" for name in names)})
    )
    select
        dimension, dimension_value, captures, refunded_captures,
        {ratio("refund_rate_by_count").sql()} as refund_rate,
        {refund_low} as refund_rate_low, {refund_high} as refund_rate_high,
        refunds_submitted as refunds, users, refunds_failed as failed, pending,
        {ratio("refund_failure_rate").sql()} as refund_failure_rate,
        {failed_low} as refund_failure_rate_low, {failed_high} as refund_failure_rate_high,
        refunded_amount, amount_failed, partial_refunds, repeated_refunds, timed,
        spread[1] as hours_p50, spread[2] as hours_p90, spread[3] as hours_p95,
        refunds_due, sla_breaches, {ratio("sla_breach_rate").sql()} as sla_breach_rate,
        greatest(captures, refunds_submitted) < {SMALL_SAMPLE} as is_small_sample,
        '{currency}' as currency, users_given_back
    from grouped
    -- Payments have no value in a refund's dimension; an empty warehouse has no row.
    where captures + refunds_submitted > 0 and (dimension = '{ALL}') = (dimension_value = '{ALL}')
    order by dimension, dimension_value
    """


def _events_sql(currency: str, places: str, shapes: str) -> str:
    """CTEs ending in `events`: one row per capture, and one per refund."""
    names = ", ".join(DIMENSIONS)
    refund_names = ", ".join(REFUND_DIMENSIONS)
    nothing = ", ".join(f"null::varchar as {name}" for name in REFUND_DIMENSIONS)
    unplaced = ", ".join(
        f"coalesce(captured.{name}, '{NOT_RECORDED}') as {name}"
        if name not in ("wallet", "provider")
        else f"refunds.{name} as {name}"
        for name in DIMENSIONS
    )
    return f"""
    captured as (
        select captures.capture_key, {places}
        from marts.fct_captures as captures
        left join marts.fct_payments as payments on captures.order_key = payments.order_key
        left join analysis.user_segments as segments on payments.user_key = segments.user_key
        where not captures.is_test
    ),
    refunded as (
        select distinct capture_key from marts.fct_refunds where refund_status <> 'failed'
    ),
    shaped as (
        select
            capture_key, user_key, wallet, provider, refund_status, currency, requested_amount,
            coalesce(is_partial, false) as is_partial, refund_number > 1 as is_repeated,
            turnaround_seconds / 3600 as hours, is_sla_due, is_sla_breached, {shapes}
        from marts.fct_refunds
        where not is_test
    ),
    events as (
        select
            {names}, {nothing}, 1 as is_capture,
            (refunded.capture_key is not null)::integer as is_refunded_capture, 0 as is_refund,
            null::uuid as refund_user_key, null as status, null::decimal(18, 4) as amount,
            null::boolean as is_partial, null::boolean as is_repeated, null::double as hours,
            null::boolean as is_sla_due, null::boolean as is_sla_breached
        from captured
        left join refunded on captured.capture_key = refunded.capture_key
        union all
        select
            {unplaced}, {refund_names}, 0, 0, 1, refunds.user_key, refund_status,
            case when refunds.currency = '{currency}' then requested_amount end,
            is_partial, is_repeated, hours, is_sla_due, is_sla_breached
        from shaped as refunds
        left join captured on refunds.capture_key = captured.capture_key
    )"""
