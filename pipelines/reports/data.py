"""The report's data: every table of the marketing file that a page shows, as one plain object.

What belongs here: reading, ordering, choosing the reporting currency and the month the headline
speaks of. What does not: wording, colours, HTML, and any rule about what may be published.
User keys of `audience_members` are counted inside DuckDB and never leave it.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb
import polars as pl
from polars import selectors as cs

# Fewer cases than this behind a rate: shown in grey, never called a finding.
SMALL_SAMPLE = 30
# An hour with fewer attempts than this is not named: one bad minute would decide it.
NAMED_HOUR = 100
ATTEMPT_LOG = "payment_attempts"
# Longer histories are cut to the newest half year, which keeps a page of years below 1 MB.
DAYS_SHOWN = 184

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
DIMENSION_ORDER = [
    "wallet",
    "provider",
    "method",
    "channel",
    "os",
    "app_version",
    "region",
    "bank",
    "local_hour",
    "amount_band",
    "is_new_device",
    "lifecycle_segment",
]
AMOUNT_BANDS = ["0-50", "50-200", "200-500", "500-2000", "2000+"]

_QUERIES = {
    "segments": "FROM segment_summary",
    "clusters": "FROM cluster_summary ORDER BY users DESC, cluster_id",
    "lifecycle_rules": "FROM lifecycle_rules ORDER BY lifecycle_segment",
    "movement": "FROM segment_movement ORDER BY month_end, from_segment, to_segment",
    "retention": "FROM cohort_retention ORDER BY cohort_month, months_since",
    "value_tiers": "FROM value_tiers ORDER BY net_amount_below IS NOT NULL, net_amount_below DESC",
    "payment_states": "FROM payment_states ORDER BY users DESC, payment_state",
    "proof": "FROM segment_proof",
    "quality": "FROM score_quality ORDER BY metric",
    "calibration": "FROM score_calibration ORDER BY band",
    "cluster_rules": "FROM cluster_rules ORDER BY rule_number",
    "failures": "FROM failure_breakdown ORDER BY dimension, dimension_value, failure_category",
    "drivers": "FROM failure_drivers ORDER BY rank, feature",
    "driver_model": "FROM failure_driver_model ORDER BY metric",
    "alarms": "FROM failure_alarms ORDER BY alarm_id",
    "drops": "FROM failure_drops ORDER BY drop_id",
    "root_causes": "FROM failure_root_causes ORDER BY drop_id, slice_rank",
    "mix_rate": "FROM failure_mix_rate ORDER BY drop_id, dimension",
    "advice": "FROM failure_advice ORDER BY wallet, failure_category",
    "refund_breakdown": "FROM refund_breakdown ORDER BY dimension, dimension_value",
    "wallets": "FROM wallet_performance ORDER BY month, wallet, currency",
    "daily": "FROM daily_performance ORDER BY business_date, wallet",
    "hourly": "FROM hourly_performance ORDER BY wallet, local_hour",
    "refunds": "FROM refund_summary ORDER BY month, wallet, currency",
    "audiences": (
        "SELECT lifecycle_segment, count(*) AS members FROM audience_members "
        "GROUP BY lifecycle_segment ORDER BY lifecycle_segment"
    ),
    "comparison": "FROM wallet_comparison ORDER BY orders DESC, wallet",
    "what_if": "FROM fee_what_if ORDER BY wallet, fee_plan_id, month",
    "wallet_users": "FROM rpt_wallet_users ORDER BY dimension, dimension_value, wallet",
    "peaks": "FROM peak_hours ORDER BY iso_weekday, local_hour",
    "latency": "FROM latency_histogram ORDER BY month, wallet, latency_bucket",
    "requests": "FROM api_latency_histogram ORDER BY month, service, operation, latency_bucket",
    "funnel": (
        "FROM rpt_checkout_funnel_monthly "
        "ORDER BY month, source, dimension, dimension_value, step_number"
    ),
    "support": "FROM support_performance ORDER BY month, dimension, dimension_value",
    "satisfaction": "FROM satisfaction ORDER BY month, survey, wallet",
    "step_up": "FROM step_up_breakdown ORDER BY slice, dimension, dimension_value",
    "risk_rules": "FROM risk_rules ORDER BY suspicious_cases DESC, rule_id",
    "reconciliation": "FROM reconciliation ORDER BY differences DESC, difference_kind",
    "definitions": "FROM metric_definitions ORDER BY metric_id",
    "freshness": "FROM data_freshness ORDER BY source",
}


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
        return sorted(counts["dimension"], key=lambda name: _position(DIMENSION_ORDER, name))


def load_report_data(marketing_db: Path, audit: Sequence[dict[str, Any]] = ()) -> ReportData:
    """Read a published marketing file (tables in schema `main`).

    Args:
        marketing_db: the published file.
        audit: what the privacy audit said, one dict per database: file, audience, verdict,
            minimum_users and checks (id, title, threshold, status, measured).

    Raises duckdb.CatalogException naming the table when a promised table is missing, and
    duckdb.IOException when the file cannot be opened.
    """
    with duckdb.connect(str(marketing_db), read_only=True) as connection:
        frames = {name: connection.sql(sql).pl() for name, sql in _QUERIES.items()}
        frames["published"] = _published(connection)
    frames = {
        name: frame.with_columns(cs.decimal().cast(pl.Float64)) for name, frame in frames.items()
    }
    currency, others = _reporting_currency(frames["wallets"])
    amounts = ("segments", "clusters", "refunds", "value_tiers", "payment_states")
    amounts += ("what_if", "step_up", "risk_rules")
    frames |= {name: _in_currency(frames[name], currency) for name in amounts}
    for name in ("failures", "alarms", "drops", "root_causes", "advice", "refund_breakdown"):
        frames[name] = _blank_foreign_amounts(frames[name], currency)
    frames["wallets"] = _blank_foreign_amounts(frames["wallets"], currency)
    frames["segments"] = _ordered_segments(frames["segments"], frames.pop("audiences"))
    frames["proof"] = _in_segment_order(frames["proof"])
    frames["daily"] = _newest_days(frames["daily"])
    month, previous, complete = _headline_month(
        frames["wallets"], frames["freshness"]["newest_business_date"].max()
    )
    return ReportData(
        **frames,
        currency=currency,
        other_currencies=others,
        month=month,
        previous=previous,
        is_month_complete=complete,
        audit=tuple(audit),
    )


def _published(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Columns table, rows, fewest_users (None where a table is not about groups of people)."""
    tables = connection.sql(
        "SELECT table_name, bool_or(column_name = 'users') AS counts_people FROM duckdb_columns()"
        " WHERE schema_name = 'main' AND NOT internal GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    parts = [
        f"SELECT '{name}' AS published_table, count(*) AS rows,"
        f' {"min(users)" if counts else "NULL::BIGINT"} AS fewest_users FROM "{name}"'
        for name, counts in tables
    ]
    return connection.sql(" UNION ALL ".join(parts) + " ORDER BY published_table").pl()


def wilson(successes: float, trials: float, comparisons: int = 1) -> tuple[float, float]:
    """95 % Wilson interval of a rate; (0, 1) when nothing was tried.

    `comparisons` is the number of rates looked at to find this one (Bonferroni): the worst of 24
    hours lies above the average by chance far more often than one hour chosen beforehand.
    """
    if trials <= 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf(1 - 0.025 / max(comparisons, 1)) ** 2
    centre = (successes + z2 / 2) / (trials + z2)
    spread = (successes * (trials - successes) / trials + z2 / 4) * z2
    half = spread**0.5 / (trials + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def difference_interval(
    left: tuple[float, float], right: tuple[float, float]
) -> tuple[float, float]:
    """Newcombe's 95 % interval of the difference of two rates, each as (successes, trials > 0)."""
    (low1, high1), (low2, high2) = wilson(*left), wilson(*right)
    p1, p2 = left[0] / left[1], right[0] / right[1]
    lower = p1 - p2 - ((p1 - low1) ** 2 + (high2 - p2) ** 2) ** 0.5
    upper = p1 - p2 + ((high1 - p1) ** 2 + (p2 - low2) ** 2) ** 0.5
    return lower, upper


def differ(left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Whether chance alone cannot explain that two rates differ."""
    lower, upper = difference_interval(left, right)
    return lower > 0 or upper < 0


def month_totals(
    data: ReportData, month: date | None, wallet: str | None = None
) -> dict[str, float]:
    """Sums of one month over wallets, or of one; amounts in the reporting currency. Empty without
    rows.
    """
    rows = data.wallets.filter(pl.col("month") == month) if month else data.wallets.clear()
    rows = rows.filter(pl.col("wallet") == wallet) if wallet else rows
    if rows.is_empty():
        return {}
    counts = ["attempts", "succeeded", "failed", "unknown", "orders", "orders_succeeded"]
    counts += ["orders_first_failed", "orders_recovered", "captures", "refunded_captures"]
    sums = rows.select(pl.col(*counts, "captured_amount").sum())
    return sums.row(0, named=True)


def _reporting_currency(wallets: pl.DataFrame) -> tuple[str, tuple[str, ...]]:
    """The currency with the largest captured amount; amounts are never added across currencies."""
    by_currency = (
        wallets.drop_nulls("currency")
        .group_by("currency")
        .agg(pl.col("captured_amount").sum())
        .sort("captured_amount", "currency", descending=[True, False])
    )
    names = by_currency["currency"].to_list() or ["CNY"]
    return names[0], tuple(sorted(names[1:]))


def _in_currency(frame: pl.DataFrame, currency: str) -> pl.DataFrame:
    return frame.filter(pl.col("currency").fill_null(currency) == currency)


def _blank_foreign_amounts(frame: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Keep the counts of every currency, but no amount that is not in the reporting currency."""
    foreign = pl.col("currency").fill_null(currency) != currency
    money = cs.starts_with("amount_") | cs.ends_with("_amount")
    return frame.with_columns(pl.when(foreign).then(None).otherwise(money).name.keep())


def _ordered_segments(segments: pl.DataFrame, audiences: pl.DataFrame) -> pl.DataFrame:
    return _in_segment_order(segments.join(audiences, on="lifecycle_segment", how="left"))


def _in_segment_order(rows: pl.DataFrame) -> pl.DataFrame:
    order = pl.DataFrame({"lifecycle_segment": SEGMENT_ORDER}).with_row_index("position")
    return (
        rows.join(order, on="lifecycle_segment", how="left")
        .sort("position", "lifecycle_segment", nulls_last=True)
        .drop("position")
    )


def _newest_days(daily: pl.DataFrame) -> pl.DataFrame:
    if daily.is_empty():
        return daily
    return daily.filter(
        pl.col("business_date") > pl.col("business_date").max() - pl.duration(days=DAYS_SHOWN)
    )


def _headline_month(
    wallets: pl.DataFrame, last_day: date | None
) -> tuple[date | None, date | None, bool]:
    """A month that is still running would always look worse than the one before it."""
    months = wallets["month"].unique().sort().to_list()
    if not months or last_day is None:
        return None, None, False
    complete = [month for month in months if _month_end(month) <= last_day]
    month = (complete or months)[-1]
    earlier = month_before(month)
    return month, earlier if earlier in months else None, bool(complete)


def at_month(data: ReportData, month: date) -> ReportData:
    """The same data with another month in the headline."""
    earlier = month_before(month)
    return replace(
        data,
        month=month,
        previous=earlier if earlier in data.wallets["month"].to_list() else None,
        is_month_complete=data.last_day is not None and _month_end(month) <= data.last_day,
    )


def month_before(month: date) -> date:
    """First day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _month_end(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _position(order: list[str], name: str) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)
