"""Rules about single payments and what their user and device did before.

What belongs here: unusual amounts, large payments that nobody verified, shared devices, accounts
that come back. What does not: bursts (`velocity.py`), distances (`travel.py`), refunds
(`refund_rules.py`).
"""

from __future__ import annotations

from pipelines.risk.payments import RiskRules
from pipelines.risk.velocity import SCORE_SQL

# Median absolute deviation -> standard deviation of a normal distribution.
_MAD_TO_SD = 1.4826
# Logarithms of amounts: nobody's amounts vary by less than about a third.
_SMALLEST_SD = 0.3
_OWN_PAYMENTS = 8
_LOOK_BACK = 50
# Iglewicz and Hoaglin's bound for outliers, and a starting value for the merchant's own quantile.
_Z_FLOOR, _Z_START = 3.5, 5.0
SHARED_DAYS = 30
DORMANT_DAYS = 90


def amount_outlier_sql(rules: RiskRules) -> str:
    """Hits of very large amounts far above the user's own, or above their segment's.

    The distance is a robust z of the logarithm: (ln amount - median) / (1.4826 MAD), over the
    user's last 50 paid attempts before this one; with fewer than eight, over all paid attempts of
    the same wallet, channel and currency.
    """
    return f"""
    with logged as (
        select
            attempt_key, attempted_at, amount, very_large_amount, user_key, wallet, channel,
            currency, ln(amount) as size,
            case when resolved_outcome = 'succeeded' then ln(amount) end as paid_size
        from risk_payments
        where very_large_amount is not null
    ),
    segments as (
        select wallet, channel, currency, median(paid_size) as middle, mad(paid_size) as spread
        from logged group by wallet, channel, currency
    ),
    -- The medians of a window are dear: only users with a very large payment need them.
    own as (
        select
            attempt_key, amount,
            count(paid_size) over before as payments,
            median(paid_size) over before as middle,
            mad(paid_size) over before as spread
        from logged
        where user_key in (select user_key from logged where amount >= very_large_amount)
        window before as (
            partition by user_key, currency order by attempted_at, attempt_key
            rows between {_LOOK_BACK} preceding and 1 preceding
        )
    ),
    judged as (
        select
            logged.attempt_key, logged.attempted_at, logged.amount,
            coalesce(own.payments >= {_OWN_PAYMENTS}, false) as is_own,
            logged.size,
            case when is_own then own.middle else segments.middle end as usual,
            case when is_own then own.spread else segments.spread end as usual_spread,
            (logged.size - usual) / greatest({_MAD_TO_SD} * usual_spread, {_SMALLEST_SD}) as z
        from logged
        left join own on logged.attempt_key = own.attempt_key
        left join segments
            on logged.wallet = segments.wallet
            and logged.channel is not distinct from segments.channel
            and logged.currency = segments.currency
        where logged.amount >= logged.very_large_amount
    ),
    -- What is judged is the largest hundredth already, so its quantile is one of all amounts.
    limits as (
        select case when count(*) >= {rules.days_for_quantile // 100}
            then greatest({_Z_FLOOR}, quantile_cont(
                z, {max(0.0, 1 - (1 - rules.quantile) / (1 - rules.very_large_quantile))}
            )) else {_Z_START} end as threshold
        from judged
    )
    select
        attempt_key as case_key,
        'amount_outlier' as rule_id,
        {SCORE_SQL.format(observed="z", limit="threshold")} as score,
        z as observed,
        threshold,
        printf('%.1f times the usual of the ', exp(size - usual))
            || case when is_own then 'user' else 'segment' end as evidence,
        null::timestamp as window_started_at,
        attempted_at as window_ended_at
    from judged, limits
    where z > threshold
    """


def unverified_sql() -> str:
    """Hits of large payments on a new device that passed no two-step verification, as logged."""
    return f"""
    select
        attempt_key as case_key,
        'new_device_large_unverified' as rule_id,
        {SCORE_SQL.format(observed="amount", limit="large_amount")} as score,
        amount / large_amount as observed,
        1.0::double as threshold,
        printf('%.1f times what is large, on a new device, step-up ', amount / large_amount)
            || step_up as evidence,
        attempted_at - interval 1 day as window_started_at,
        attempted_at as window_ended_at
    from risk_payments
    where resolved_outcome = 'succeeded' and is_new and amount >= large_amount
        and step_up <> 'passed'
    """


def shared_sql(rule_id: str, key: str, other: str, words: str, floor: int, rules: RiskRules) -> str:
    """Hits of attempts of a key that was seen with more others in 30 days than the limit.

    Args:
        rule_id: name of the rule.
        key: column that is shared: device_key or user_key.
        other: column that is counted.
        words: what is counted, for the evidence.
        floor: the limit is never below; the limit of merchants with little history.
        rules: the merchant's quantile, here of keys.
    """
    return f"""
    with sizes as (
        select {key} as key, count(distinct {other}) as others
        from risk_payments where {key} is not null and {other} is not null
        group by {key}
    ),
    limits as (
        select case when count(*) >= {rules.days_for_quantile}
            then greatest({floor}, quantile_cont(others, {rules.quantile})) else {floor}
            end as threshold
        from sizes
    ),
    counted as (
        select
            attempt_key, attempted_at, {key} as key,
            count(distinct {other}) over (
                partition by {key} order by attempted_at
                range between interval {SHARED_DAYS} days preceding and current row
            ) as others
        from risk_payments
        where {other} is not null and {key} in (
            select key from sizes, limits where others > threshold
        )
    ),
    -- Those that came before the limit was broken are part of the case.
    members as (
        select
            attempt_key, threshold,
            max(others) filter (others > threshold) over following as observed,
            arg_max(attempted_at, others) filter (others > threshold) over following as broken_at
        from counted, limits
        window following as (
            partition by key order by attempted_at
            range between current row and interval {SHARED_DAYS} days following
        )
    )
    select
        attempt_key as case_key,
        '{rule_id}' as rule_id,
        {SCORE_SQL.format(observed="observed", limit="threshold")} as score,
        observed::double as observed,
        threshold::double as threshold,
        observed || ' {words} in {SHARED_DAYS} days' as evidence,
        broken_at - interval {SHARED_DAYS} days as window_started_at,
        broken_at as window_ended_at
    from members
    where observed is not null
    """


def dormant_sql() -> str:
    """Hits of large payments of a user whose last attempt is ninety days ago or more."""
    return f"""
    with ordered as (
        select
            attempt_key, attempted_at, amount, large_amount, resolved_outcome,
            lag(attempted_at) over (
                partition by user_key order by attempted_at, attempt_key
            ) as seen_at
        from risk_payments
        where user_key is not null
    )
    select
        attempt_key as case_key,
        'dormant_then_large' as rule_id,
        {SCORE_SQL.format(observed="amount", limit="large_amount")} as score,
        date_diff('day', seen_at, attempted_at)::double as observed,
        {DORMANT_DAYS}::double as threshold,
        printf('%.1f times what is large after ', amount / large_amount)
            || date_diff('day', seen_at, attempted_at) || ' days of silence' as evidence,
        seen_at as window_started_at,
        attempted_at as window_ended_at
    from ordered
    where attempted_at - seen_at >= interval {DORMANT_DAYS} days and amount >= large_amount
    """
