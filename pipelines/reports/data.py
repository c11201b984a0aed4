"""The report's data: every table of the marketing file that a page shows, as one plain object.

What belongs here: the object, and what several subjects ask of it: breakdowns, months and their
totals. What does not: reading the file (`marketing_file`), intervals, wording, colours, HTML.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from pipelines.reports.dimensions import DIMENSION_ORDER

# Fewer cases than this behind a rate: shown in grey, never called a finding.
SMALL_SAMPLE = 30
# An hour with fewer attempts than this is not named: one bad minute would decide it.
NAMED_HOUR = 100
# Source that is the merchant's own log; all others are wallets' files.
ATTEMPT_LOG = "payment_attempts"
# Columns of `wallets` that are added up over wallets.
_TOTALS = [
    "attempts",
    "succeeded",
    "failed",
    "unknown",
    "orders",
    "orders_succeeded",
    "orders_first_failed",
    "orders_recovered",
    "captures",
    "refunded_captures",
    "captured_amount",
]

SEGMENT_ORDER = [
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
    "refunded_only",
    "attempted_never_paid",
]


@dataclass(frozen=True)
class ReportData:
    """Aggregates of one marketing release; frames hold amounts as floats in `currency` only.

    `month` is the newest complete month (the newest one while none is complete), `previous` the
    month before it; both are first days, None while there is nothing to compare. `published` has
    one row per table of the file: table, rows, fewest people behind a row. `audit` is what the
    privacy audit said of the release's databases, one dict per file.
    """

    segments: pl.DataFrame
    clusters: pl.DataFrame
    lifecycle_rules: pl.DataFrame
    movement: pl.DataFrame
    retention: pl.DataFrame
    value_tiers: pl.DataFrame
    payment_states: pl.DataFrame
    proof: pl.DataFrame
    quality: pl.DataFrame
    calibration: pl.DataFrame
    cluster_rules: pl.DataFrame
    failures: pl.DataFrame
    drivers: pl.DataFrame
    driver_model: pl.DataFrame
    alarms: pl.DataFrame
    drops: pl.DataFrame
    root_causes: pl.DataFrame
    mix_rate: pl.DataFrame
    advice: pl.DataFrame
    refund_breakdown: pl.DataFrame
    wallets: pl.DataFrame
    daily: pl.DataFrame
    hourly: pl.DataFrame
    refunds: pl.DataFrame
    comparison: pl.DataFrame
    what_if: pl.DataFrame
    wallet_users: pl.DataFrame
    peaks: pl.DataFrame
    latency: pl.DataFrame
    requests: pl.DataFrame
    funnel: pl.DataFrame
    support: pl.DataFrame
    satisfaction: pl.DataFrame
    step_up: pl.DataFrame
    risk_rules: pl.DataFrame
    reconciliation: pl.DataFrame
    definitions: pl.DataFrame
    freshness: pl.DataFrame
    published: pl.DataFrame
    currency: str
    other_currencies: tuple[str, ...]
    month: date | None
    previous: date | None
    is_month_complete: bool
    audit: tuple[dict[str, Any], ...] = ()

    @property
    def first_day(self) -> date | None:
        """Oldest business date of any source; None without data."""
        return self.freshness["oldest_business_date"].min()

    @property
    def last_day(self) -> date | None:
        """Newest business date of any source; None without data."""
        return self.freshness["newest_business_date"].max()

    @property
    def has_attempt_log(self) -> bool:
        """Whether the merchant's own log was read, however little of it may be published."""
        return self._has_rows(pl.col("source") == ATTEMPT_LOG)

    @property
    def has_bills(self) -> bool:
        """Whether any wallet bill was read, however little of it may be published."""
        return self._has_rows(pl.col("source") != ATTEMPT_LOG)

    def _has_rows(self, of_source: pl.Expr) -> bool:
        return bool(self.freshness.filter(of_source)["rows"].sum())

    def breakdown(self, dimension: str, category: str | None = "all") -> pl.DataFrame:
        """Failure rows of one dimension; `category` None keeps every single cause instead."""
        rows = self.failures.filter(pl.col("dimension") == dimension)
        if category is None:
            return rows.filter(pl.col("failure_category") != "all")
        return rows.filter(pl.col("failure_category") == category)

    @property
    def dimensions(self) -> list[str]:
        """Dimensions with at least two values to compare, in reading order."""
        counts = (
            self.failures.filter(pl.col("failure_category") == "all")
            .group_by("dimension")
            .agg(pl.len().alias("values"))
            .filter((pl.col("values") > 1) & (pl.col("dimension") != "all"))
        )
        return sorted(counts["dimension"], key=_reading_order)


def month_totals(
    data: ReportData, month: date | None, wallet: str | None = None
) -> dict[str, float]:
    """Counts and `captured_amount` (reporting currency) of a month, added up over its wallets.

    Args:
        data: the report's data.
        month: its first day; None has no totals.
        wallet: of this wallet only.

    Returns:
        Column of `wallets` -> sum; empty without rows.
    """
    rows = data.wallets.filter(pl.col("month") == month) if month else data.wallets.clear()
    rows = rows.filter(pl.col("wallet") == wallet) if wallet else rows
    if rows.is_empty():
        return {}
    return rows.select(pl.col(_TOTALS).sum()).row(0, named=True)


def at_month(data: ReportData, month: date) -> ReportData:
    """The same data with another month in the headline."""
    earlier = month_before(month)
    return replace(
        data,
        month=month,
        previous=earlier if earlier in data.wallets["month"].to_list() else None,
        is_month_complete=is_month_over(month, data.last_day),
    )


def month_before(month: date) -> date:
    """First day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def is_month_over(month: date, last_day: date | None) -> bool:
    """Whether the data, which ends on `last_day` (None without any), reaches the month's end."""
    _, days = calendar.monthrange(month.year, month.month)
    return last_day is not None and month.replace(day=days) <= last_day


def newest_first(months: pl.Series) -> list[date]:
    """The months of a column, each once, the newest first."""
    return months.unique().sort(descending=True).to_list()


def sum_if_known(column: str) -> pl.Expr:
    """The sum of a column, under its name; NULL where a part is: unknown, not smaller."""
    is_known = pl.col(column).is_not_null().all()
    return pl.when(is_known).then(pl.col(column).sum()).alias(column)


def _reading_order(dimension: str) -> tuple[int, str]:
    known = DIMENSION_ORDER.index(dimension) if dimension in DIMENSION_ORDER else None
    return len(DIMENSION_ORDER) if known is None else known, dimension
