"""The merchant's own thresholds: proposed from the data once, then frozen under a version.

What belongs here: proposing recency, order and value thresholds, when a proposal is good enough to
be frozen, and reading the version in force. What does not: applying them (`lifecycle.py`).

Recency follows how long this merchant's buyers stay away between purchases, of all gaps between two
purchase days: half are over by the first threshold, three quarters by the second, nine tenths by
the third; the fourth is twice the third. Order counts follow the repeat buyers. One order always
stays a class of its own, so that "new" means one order with every merchant. Value tiers follow net
amounts. A new version comes only when somebody asks for it (`wallet thresholds --adopt`); all
history is then named anew under it, so that movement is never a change of definition in disguise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.segments.lifecycle import LifecycleGrid, as_of_date_sql
from pipelines.warehouse.store import ModelStore, StoreError

if TYPE_CHECKING:
    import duckdb

KIND = "thresholds"
VALUE_TIERS = ("top", "high", "middle", "low")
NO_VALUE = "none"

_GAP_SHARES = (0.5, 0.75, 0.9)
_ORDER_SHARES = (0.4, 0.65, 0.85)
# The best twentieth, the next three twentieths, the next three tenths, the rest.
_TIER_SHARES = (0.95, 0.8, 0.5)


@dataclass(frozen=True)
class FreezeRules:
    """What a proposal must rest on before it is frozen.

    Attributes:
        minimum_days: days from the first to the newest order.
        minimum_payers: users with a paid order.
        minimum_gaps: gaps between two purchase days of a user.
    """

    minimum_days: int = 180
    minimum_payers: int = 500
    minimum_gaps: int = 500


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of one version.

    Attributes:
        grid: recency and order thresholds with the names of the 25 cells.
        value_at_least: smallest net amounts of the tiers top, high and middle; None without payers.
        currency: of those amounts.
        is_frozen: whether this is a stored version; otherwise the next run may propose others.
        learned_from: what the proposal rests on, JSON-ready.
        message: what a person should know.
    """

    grid: LifecycleGrid
    value_at_least: tuple[float, float, float] | None
    currency: str
    is_frozen: bool
    learned_from: dict[str, Any]
    message: str

    @property
    def model_id(self) -> str:
        """Name of this version in `analysis.segment_models`."""
        return f"thresholds-{self.grid.version}"

    def to_json(self) -> str:
        """The whole definition as JSON, enough to reproduce every segment and tier."""
        return json.dumps(
            json.loads(self.grid.to_json())
            | {"value_at_least": self.value_at_least, "currency": self.currency},
            sort_keys=True,
        )


def thresholds_in_force(
    con: duckdb.DuckDBPyConnection, store: ModelStore, rules: FreezeRules
) -> Thresholds:
    """The stored version; else today's proposal, stored if it rests on enough.

    Raises:
        pipelines.warehouse.store.StoreError: a stored version cannot be read, or its amounts are in
            another currency than the reporting currency of now.
    """
    stored = store.latest(KIND)
    proposed = propose(con, rules)
    if stored is not None:
        now = proposed.currency or stored["currency"]
        if stored["currency"] != now:
            raise StoreError(
                f"The thresholds were frozen in {stored['currency']}, amounts are in {now} now."
                " Freeze new ones on purpose: wallet thresholds --adopt"
            )
        return from_document(stored)
    return adopt(store, proposed) if _is_enough(proposed.learned_from, rules) else proposed


def adopt(store: ModelStore, proposed: Thresholds) -> Thresholds:
    """Store a proposal as the next version, from now on in force."""
    return from_document(
        store.add(
            KIND,
            {
                "recency_days_at_most": proposed.grid.recency_days_at_most,
                "orders_at_least": proposed.grid.orders_at_least,
                "value_at_least": proposed.value_at_least,
                "currency": proposed.currency,
                "learned_from": proposed.learned_from,
            },
        )
    )


def propose(con: duckdb.DuckDBPyConnection, rules: FreezeRules) -> Thresholds:
    """Thresholds from the data as it is today; the standard grid where that is too little.

    Value tiers have no standard (amounts differ between merchants): they follow the data until a
    version is frozen.
    """
    learned = _measure(con)
    enough = _is_enough(learned, rules)
    if enough:
        grid = LifecycleGrid(
            "proposed",
            _rising([*learned["gap_days"], 2 * learned["gap_days"][-1]], at_least=1),
            _rising([2, *learned["repeat_buyers_orders"]], at_least=2),
        )
        message = "thresholds proposed from this merchant's own history"
    else:
        grid = LifecycleGrid()
        message = (
            f"Standard thresholds: {learned['days']} days of orders,"
            f" {learned['payers']} paying users and {learned['gaps']} repeat purchases so far;"
            f" own ones are learned from {rules.minimum_days} days, {rules.minimum_payers} users"
            f" and {rules.minimum_gaps} repeat purchases on."
        )
    amounts = learned["net_amounts"]
    tiers = None if amounts is None else tuple(_rounded(value) for value in amounts)
    return Thresholds(grid, tiers, learned["currency"], False, learned, message)


def value_tier_sql(amount: str, payer: str, thresholds: Thresholds) -> str:
    """SQL for the value tier of a net amount; `none` for users who hold no paid order.

    Args:
        amount: column or expression of the net amount.
        payer: boolean expression, whether the user has a paid order.
        thresholds: the version in force.
    """
    if thresholds.value_at_least is None:
        return f"'{NO_VALUE}'"
    whens = " ".join(
        f"when {amount} >= {bound!r}::decimal(18, 4) then '{tier}'"
        for tier, bound in zip(VALUE_TIERS, thresholds.value_at_least, strict=False)
    )
    return f"case when not {payer} then '{NO_VALUE}' {whens} else '{VALUE_TIERS[-1]}' end"


def from_document(document: dict[str, Any]) -> Thresholds:
    """A stored version as thresholds."""
    version = document["version"]
    amounts = document["value_at_least"]
    return Thresholds(
        grid=LifecycleGrid(
            f"v{version}",
            tuple(document["recency_days_at_most"]),
            tuple(document["orders_at_least"]),
        ),
        value_at_least=tuple(amounts) if amounts else None,
        currency=document["currency"],
        is_frozen=True,
        learned_from=document["learned_from"],
        message=f"thresholds version {version}, frozen on data up to "
        f"{document['learned_from']['as_of_date']}",
    )


def _measure(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What a proposal rests on; quantiles are discrete, so the answer is a value of the data."""
    as_of, currency, days, payers, amounts, orders = con.execute(
        f"""
        select
            {as_of_date_sql()},
            coalesce(max(currency), ''),
            coalesce(date_diff('day', min(first_seen_date), {as_of_date_sql()}), 0),
            count(*) filter (paid_orders > 0),
            quantile_disc(net_amount::double, {list(_TIER_SHARES)})
                filter (paid_orders > 0 and net_amount > 0),
            quantile_disc(paid_orders, {list(_ORDER_SHARES)}) filter (paid_orders > 1)
        from marts.dim_users
        """
    ).fetchall()[0]
    gaps, gap_days = con.execute(
        f"""
        select count(gap), quantile_disc(gap, {list(_GAP_SHARES)})
        from (
            select
                day - lag(day) over (partition by user_key order by day) as gap
            from (
                select distinct user_key, business_date as day
                from marts.fct_payments
                where user_key is not null and not is_test and final_outcome = 'succeeded'
                    and (net_amount > 0 or refund_count = 0)
            )
        )
        where gap is not null
        """
    ).fetchall()[0]
    return {
        "as_of_date": as_of and as_of.isoformat(),
        "currency": currency,
        "days": days,
        "payers": payers,
        "gaps": gaps,
        "gap_days": gap_days,
        "repeat_buyers_orders": orders,
        "net_amounts": amounts,
    }


def _is_enough(learned: dict[str, Any], rules: FreezeRules) -> bool:
    return (
        learned["days"] >= rules.minimum_days
        and learned["payers"] >= rules.minimum_payers
        and learned["gaps"] >= rules.minimum_gaps
    )


def _rising(values: list[int], at_least: int) -> tuple[int, int, int, int]:
    """The four values, each raised where needed to be above the one before."""
    rising: list[int] = []
    for value in values:
        rising.append(max(int(value), rising[-1] + 1 if rising else at_least))
    first, second, third, fourth = rising
    return first, second, third, fourth


def _rounded(amount: float) -> float:
    """Two significant digits: a threshold must not be some single user's exact amount."""
    return float(f"{amount:.2g}")
