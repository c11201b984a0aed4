"""Too many payments at once: of a user, a device or a block of addresses, and testing of cards.

What belongs here: counts over trailing windows and the merchant's own limits for them. What does
not: rules about single payments (`payment_rules.py`).

A limit is a quantile of the merchant's own peaks, one peak per key and day, so that a few
attackers among thousands of customers do not move it; with fewer days than that needs, a starting
value. A key that is always busy (the block of a mobile network, the tablet on a counter) must also
exceed three times its own usual peak. Every attempt within the window that broke the limit is part
of the case, those before the limit too.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.risk.payments import RiskRules

SCORE_SQL = "{observed} / ({observed} + {limit})"


@dataclass(frozen=True)
class Window:
    """A trailing window with its limits.

    Attributes:
        minutes: length.
        floor: the limit is never below; fewer attempts are a customer who tries again.
        start: the limit until there is enough history for a quantile.
    """

    minutes: int
    floor: int
    start: int


PERSON = (Window(10, 5, 10), Window(60, 8, 20), Window(1440, 12, 40))
# Behind one block of addresses is a school or a mobile network.
ADDRESS = (Window(10, 15, 30), Window(60, 30, 80), Window(1440, 80, 300))
# (minutes, attempts) from which a series of failing small payments is a test of cards.
TESTING = ((10, 10), (60, 20))
TESTING_FAILED_SHARE = 0.6
TESTING_ORDERS = 5
OWN_DAYS, OWN_FACTOR = 7, 3


def velocity_sql(
    rule_id: str, key: str, what: str, windows: tuple[Window, ...], rules: RiskRules
) -> str:
    """Hits of attempts whose key made more of them within a window than the limit.

    Args:
        rule_id: name of the rule.
        key: column of `risk_payments`.
        what: the key in words, for the evidence.
        windows: lengths and limits.
        rules: the merchant's quantile.
    """
    lengths = [window.minutes for window in windows]
    counts = ", ".join(
        f"count(*) over (order_of_key range between interval {m} minutes preceding and current row)"
        f" as n_{m}"
        for m in lengths
    )
    peaks = ", ".join(f"max(n_{m}) as max_n_{m}" for m in lengths)
    limits = ", ".join(_limit_sql(window, rules) for window in windows)
    most = ", ".join(f"max(max_n_{m}) as top_n_{m}" for m in lengths)
    own = ", ".join(
        f"case when count(*) >= {OWN_DAYS} then {OWN_FACTOR} * median(max_n_{m}) else 0 end"
        f" as own_n_{m}"
        for m in lengths
    )
    own_limits = ", ".join(f"greatest(limit_n_{m}, own_n_{m}) as limit_n_{m}" for m in lengths)
    broken = " or ".join(f"top_n_{m} > greatest(limit_n_{m}, own_n_{m})" for m in lengths)
    members = " union all ".join(_members_sql(m) for m in lengths)
    return f"""
    with counted as (
        select attempt_key, {key} as key, attempted_at, business_date, {counts}
        from risk_payments
        where {key} is not null
        window order_of_key as (partition by {key} order by attempted_at)
    ),
    peaks as (
        select key, business_date, {peaks} from counted group by key, business_date
    ),
    limits as (select {limits} from peaks),
    own as (select key, {most}, {own} from peaks group by key),
    busy as (select key, {own_limits} from own, limits where {broken}),
    watched as (select counted.*, busy.* exclude (key) from counted inner join busy using (key)),
    members as ({members})
    {_hits_sql(rule_id, f"observed || ' attempts of one {what} in ' || minutes || ' minutes'")}
    """


def _limit_sql(window: Window, rules: RiskRules) -> str:
    """Aggregate over the peaks of all keys and days."""
    return (
        f"case when count(*) >= {rules.days_for_quantile} then"
        f" greatest({window.floor}, quantile_cont(max_n_{window.minutes}, {rules.quantile}))"
        f" else {window.start} end as limit_n_{window.minutes}"
    )


def _members_sql(minutes: int) -> str:
    """Attempts within the window that broke the limit, with the highest count it came to."""
    above = f"filter (n_{minutes} > limit_n_{minutes})"
    return f"""
        select
            attempt_key, attempted_at, {minutes} as minutes, limit_n_{minutes} as threshold,
            max(n_{minutes}) {above} over following as observed,
            arg_max(attempted_at, n_{minutes}) {above} over following as broken_at
        from watched
        {_following_sql(minutes)}
    """


def testing_sql(rule_id: str, key: str, what: str) -> str:
    """Hits of attempts in a series of small payments, most of which fail, for many orders.

    No export names the card, so different orders stand for different instruments: a customer who
    tries again stays within one.

    Args:
        rule_id: name of the rule.
        key: column of `risk_payments`.
        what: the key in words, for the evidence.
    """
    measures = ", ".join(
        f"""count(*) over w{m} as n_{m},
        count(*) filter (resolved_outcome = 'failed') over w{m} as failed_{m},
        avg(amount / median_amount) over w{m} as size_{m}"""
        for m, _ in TESTING
    )
    frames = ", ".join(
        f"""w{m} as (partition by {key} order by attempted_at
            range between interval {m} minutes preceding and current row)"""
        for m, _ in TESTING
    )
    alike = {
        m: f"(n_{m} >= {n} and failed_{m} >= {TESTING_FAILED_SHARE} * n_{m} and size_{m} <= 1)"
        for m, n in TESTING
    }
    judged = ", ".join(
        f"""{condition} and count(distinct order_key) over (
            partition by key order by attempted_at
            range between interval {m} minutes preceding and current row
        ) >= {TESTING_ORDERS} as is_test_{m}"""
        for m, condition in alike.items()
    )
    enough = " or ".join(alike.values())
    members = " union all ".join(_test_members_sql(*test) for test in TESTING)
    evidence = (
        f"failed || ' of ' || observed || ' small attempts of one {what} failed in ' || minutes"
        " || ' minutes'"
    )
    return f"""
    with counted as (
        select attempt_key, order_key, {key} as key, attempted_at, {measures}
        from risk_payments
        where {key} is not null
        window {frames}
    ),
    -- Counting different orders is dear, and few keys ever have so many attempts that mostly fail.
    judged as (
        select *, {judged}
        from counted
        where key in (select key from counted where {enough})
    ),
    members as ({members})
    {_hits_sql(rule_id, evidence)}
    """


def _test_members_sql(minutes: int, attempts: int) -> str:
    """Attempts within the window of a test of cards, with the most attempts it came to."""
    tested = f"filter (is_test_{minutes})"
    return f"""
        select
            attempt_key, attempted_at, {minutes} as minutes, {attempts} as threshold,
            max(n_{minutes}) {tested} over following as observed,
            arg_max(attempted_at, n_{minutes}) {tested} over following as broken_at,
            arg_max(failed_{minutes}, n_{minutes}) {tested} over following as failed
        from judged
        {_following_sql(minutes)}
    """


def _following_sql(minutes: int) -> str:
    """From an attempt on: the counts of later ones whose trailing window holds it."""
    return f"""window following as (
            partition by key order by attempted_at
            range between current row and interval {minutes} minutes following
        )"""


def _hits_sql(rule_id: str, evidence: str) -> str:
    """One hit per attempt of the CTE `members`: that of the window broken by most."""
    return f"""select
        attempt_key as case_key,
        '{rule_id}' as rule_id,
        {SCORE_SQL.format(observed="observed", limit="threshold")} as score,
        observed::double as observed,
        threshold::double as threshold,
        {evidence} as evidence,
        broken_at - to_minutes(minutes) as window_started_at,
        broken_at as window_ended_at
    from members
    where observed is not null
    qualify row_number() over (
        partition by attempt_key order by observed / threshold desc, minutes
    ) = 1"""
