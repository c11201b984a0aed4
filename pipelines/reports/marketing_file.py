"""A published marketing file: from its tables to the report's data.

What belongs here: reading it, which rows of which table, their order, the reporting currency, the
month the headline speaks of. What does not: the data object and what pages ask of it (`data`), and
any rule about what may be published. User keys of `audience_members` are counted inside DuckDB and
never leave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from polars import selectors as cs

from pipelines.reports.data import (
    SEGMENT_ORDER,
    ReportData,
    is_month_over,
    month_before,
    newest_first,
)

# Longer histories are cut to the newest half year, which keeps a page of years below 1 MB.
DAYS_SHOWN = 184

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

# One row per currency: rows of others would be added to the wrong one.
_BY_CURRENCY = (
    "segments",
    "clusters",
    "refunds",
    "value_tiers",
    "payment_states",
    "what_if",
    "step_up",
    "risk_rules",
)
# Counts are of every currency, amounts of the reporting one.
_WITH_AMOUNTS = (
    "failures",
    "alarms",
    "drops",
    "root_causes",
    "advice",
    "refund_breakdown",
    "wallets",
)


def load_report_data(marketing_db: Path, audit: Sequence[dict[str, Any]] = ()) -> ReportData:
    """Read a published marketing file (tables in schema `main`).

    Args:
        marketing_db: the published file.
        audit: what the privacy audit said, one dict per database: file, audience, verdict,
            minimum_users and checks (id, title, threshold, status, measured).

    Amounts become floats: they are drawn and written, never booked.

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
    frames |= {name: _in_currency(frames[name], currency) for name in _BY_CURRENCY}
    frames |= {name: _blank_foreign_amounts(frames[name], currency) for name in _WITH_AMOUNTS}
    members = frames.pop("audiences")
    segments = frames["segments"].join(members, on="lifecycle_segment", how="left")
    frames["segments"] = _in_segment_order(segments)
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
    """The month, the one before it if there is one, and whether it is complete.

    A month that is still running would always look worse than the one before it.
    """
    months = newest_first(wallets["month"])
    if not months or last_day is None:
        return None, None, False
    complete = [month for month in months if is_month_over(month, last_day)]
    month = (complete or months)[0]
    earlier = month_before(month)
    return month, earlier if earlier in months else None, bool(complete)
