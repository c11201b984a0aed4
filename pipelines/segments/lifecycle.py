"""The lifecycle grid: ten names by how recently and how often a user paid, two for the others.

What belongs here: the fixed thresholds, the 25 cells, and the SQL that puts each user into exactly
one of them. What does not: anything learned from the data (see `clusters.py`).

The thresholds are constants with a version, never quantiles of today's users: with a third or more
of users paying once, NTILE gives identical users different scores, and a user's score would move
because others bought. The standard bins are those of everyday wallet payments (two weeks to four
months); a merchant with enough history gets bins of their own once (`thresholds.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

NEVER_PAID = "attempted_never_paid"
# Paid at least once, and every paid order was given back: not a stranger, and not in the grid.
REFUNDED_ONLY = "refunded_only"

# Frequency scores 1..5 from left to right.
_CELLS: dict[int, tuple[str, str, str, str, str]] = {
    5: ("new_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"),
    4: ("promising", "potential_loyalists", "potential_loyalists", "loyal", "loyal"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    1: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
}

# From the most to the least valuable to talk to: the order of every list and table.
LIFECYCLE_SEGMENTS = (
    "champions",
    "loyal",
    "potential_loyalists",
    "new_customers",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose",
    "hibernating",
    REFUNDED_ONLY,
    NEVER_PAID,
)


@dataclass(frozen=True)
class LifecycleGrid:
    """Thresholds and names of one version of the grid.

    Attributes:
        version: changes whenever a threshold or a name does, so that movement between segments is
            never a change of definition in disguise.
        recency_days_at_most: largest number of days since the last paid order for the scores
            5, 4, 3 and 2; older is 1.
        orders_at_least: fewest paid orders for the scores 2, 3, 4 and 5; fewer is 1.
        cells: recency score -> names for the frequency scores 1..5.
    """

    version: str = "standard"
    recency_days_at_most: tuple[int, int, int, int] = (14, 30, 60, 120)
    orders_at_least: tuple[int, int, int, int] = (2, 3, 5, 10)
    cells: dict[int, tuple[str, str, str, str, str]] = field(default_factory=lambda: dict(_CELLS))

    def __post_init__(self) -> None:
        for name in ("recency_days_at_most", "orders_at_least"):
            bounds = getattr(self, name)
            if list(bounds) != sorted(set(bounds)) or bounds[0] < 0:
                raise ValueError(f"{name} must rise from left to right, got {bounds}")
        if set(self.cells) != {1, 2, 3, 4, 5} or any(len(row) != 5 for row in self.cells.values()):
            raise ValueError("cells must name all 25 pairs of scores 1..5")

    @property
    def model_id(self) -> str:
        """Name of this version in `analysis.segment_models`."""
        return f"lifecycle_grid-{self.version}"

    def to_json(self) -> str:
        """The whole definition as JSON, enough to reproduce every score."""
        return json.dumps(
            {
                "version": self.version,
                "recency_days_at_most": dict(
                    zip("5432", self.recency_days_at_most, strict=True)  # keys: recency scores
                ),
                "orders_at_least": dict(zip("2345", self.orders_at_least, strict=True)),
                "cells_by_recency_then_frequency": {str(r): self.cells[r] for r in sorted(_CELLS)},
                "every_paid_order_refunded": REFUNDED_ONLY,
                "without_a_paid_order": NEVER_PAID,
            },
            sort_keys=True,
        )


def recency_score_sql(days: str, grid: LifecycleGrid) -> str:
    """SQL for the recency score 1..5 of a column or expression holding days (integer)."""
    steps = zip((5, 4, 3, 2), grid.recency_days_at_most, strict=True)
    whens = " ".join(f"when {days} <= {bound} then {score}" for score, bound in steps)
    return f"case when {days} is null then null {whens} else 1 end"


def frequency_score_sql(orders: str, grid: LifecycleGrid) -> str:
    """SQL for the frequency score 1..5 of a column or expression holding a count of paid orders."""
    steps = zip((5, 4, 3, 2), reversed(grid.orders_at_least), strict=True)
    whens = " ".join(f"when {orders} >= {bound} then {score}" for score, bound in steps)
    return f"case when {orders} is null or {orders} < 1 then null {whens} else 1 end"


def as_of_date_sql(users: str = "marts.dim_users") -> str:
    """SQL for the day everything is measured from: the newest business date of the users' data.

    Never the clock, so that the same files give the same segments on any day.
    """
    newest = ", ".join(
        f"max({column})" for column in ("last_attempt_date", "last_paid_date", "first_seen_date")
    )
    return f"(select greatest({newest}) from {users})"


def current_standing_sql() -> str:
    """SQL giving `marts.dim_users` in the columns of `purchases.standing_sql`, as of today."""
    return f"""
    select user_key, {as_of_date_sql()} as as_of_date, first_seen_date, first_paid_date,
        last_paid_date, paid_orders, net_amount
    from marts.dim_users
    """


def lifecycle_sql(grid: LifecycleGrid, standing: str) -> str:
    """SQL giving one row per row of `standing` (a query) with scores and segment.

    Args:
        grid: thresholds and names.
        standing: SQL with the columns of `purchases.standing_sql`, for one day or several.

    Returns:
        Columns user_key, as_of_date, recency_days, paid_orders, net_amount, recency_score,
        frequency_score, lifecycle_segment. Scores and recency are NULL without a paid order: of a
        user whose orders were all refunded in full (`refunded_only`) and of one who never paid.
    """
    cells = ",\n            ".join(
        f"({recency}, {frequency}, '{name}')"
        for recency, names in sorted(grid.cells.items())
        for frequency, name in enumerate(names, start=1)
    )
    return f"""
    with users as (
        select
            user_key,
            as_of_date,
            coalesce(paid_orders, 0)::integer as paid_orders,
            first_paid_date is not null as has_ever_paid,
            case when coalesce(paid_orders, 0) > 0 then last_paid_date end as last_paid_date,
            coalesce(net_amount, 0)::decimal(18, 4) as net_amount
        from ({standing})
    ),
    aged as (
        select *, date_diff('day', last_paid_date, as_of_date)::integer as recency_days
        from users
    ),
    scored as (
        select
            *,
            ({recency_score_sql("recency_days", grid)})::integer as recency_score,
            ({frequency_score_sql("paid_orders", grid)})::integer as frequency_score
        from aged
    ),
    cells (recency_score, frequency_score, lifecycle_segment) as (
        values
            {cells}
    )
    select
        scored.user_key,
        scored.as_of_date,
        scored.recency_days,
        scored.paid_orders,
        scored.net_amount,
        scored.recency_score,
        scored.frequency_score,
        coalesce(
            cells.lifecycle_segment,
            case when scored.has_ever_paid then '{REFUNDED_ONLY}' else '{NEVER_PAID}' end
        ) as lifecycle_segment
    from scored
    left join cells using (recency_score, frequency_score)
    """


@dataclass(frozen=True)
class SegmentRule:
    """The rectangle of the grid that a segment is: bounds are inclusive, None is open."""

    lifecycle_segment: str
    recency_days_from: int
    recency_days_to: int | None
    orders_from: int
    orders_to: int | None


def segment_rules(grid: LifecycleGrid) -> list[SegmentRule]:
    """The ten named segments as bounds on days since the last paid order and on paid orders.

    Raises:
        ValueError: a name does not cover a rectangle of the grid, so it has no such rule.
    """
    cells: dict[str, list[tuple[int, int]]] = {}
    for recency, names in grid.cells.items():
        for frequency, name in enumerate(names, start=1):
            cells.setdefault(name, []).append((recency, frequency))
    days = (None, *reversed(grid.recency_days_at_most))  # largest number of days of scores 1..5
    orders = (1, *grid.orders_at_least)  # fewest orders of scores 1..5
    rules = []
    for name in (segment for segment in LIFECYCLE_SEGMENTS if segment in cells):
        recencies, frequencies = ({cell[axis] for cell in cells[name]} for axis in (0, 1))
        spans = [max(axis) - min(axis) + 1 for axis in (recencies, frequencies)]
        if len(cells[name]) != spans[0] * spans[1]:
            raise ValueError(f"{name} is not a rectangle of the grid")
        newest, most = max(recencies), max(frequencies)
        rules.append(
            SegmentRule(
                lifecycle_segment=name,
                recency_days_from=0 if newest == 5 else days[newest] + 1,  # type: ignore[operator]
                recency_days_to=days[min(recencies) - 1],
                orders_from=orders[min(frequencies) - 1],
                orders_to=None if most == 5 else orders[most] - 1,
            )
        )
    return rules
