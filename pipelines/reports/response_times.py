"""How long payments and the merchant's own services take to answer, month by month.

What belongs here: readings, charts and tables of response times, of attempts by wallet and of
requests by operation. What does not: reading percentiles off buckets (`latency_buckets`), hours of
the day (`readings`, `figures`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, empty_table, make_table
from pipelines.reports.data import ReportData, month_before
from pipelines.reports.latency_buckets import added_buckets, bucket_labels, histogram, quantile
from pipelines.reports.style import Figure
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio

_QUANTILES = (0.5, 0.95, 0.99)


def latency(data: ReportData, words: Words, month: date) -> str:
    """p50, p95, p99 of a month, and p95 of the month before."""
    buckets = added_buckets(data.latency.filter(pl.col("month") == month), "attempts")
    p50, p95, p99 = (_milliseconds(words, quantile(buckets, share)) for share in _QUANTILES)
    sentence = words.text("reading.buckets", month=words.month(month), p50=p50, p95=p95, p99=p99)
    earlier = data.latency.filter(pl.col("month") == month_before(month))
    if earlier.is_empty():
        return sentence
    before = quantile(added_buckets(earlier, "attempts"), 0.95)
    note = words.text("reading.buckets_before", p95=_milliseconds(words, before))
    return words.sentences(sentence, note)


def no_latency(data: ReportData, words: Words) -> str:
    """Said when no response times are published."""
    return words.text("reading.latency_empty" if data.has_attempt_log else "reading.causes_empty")


def _milliseconds(words: Words, value: tuple[float, bool]) -> str:
    """Two digits are what a bucket can tell."""
    milliseconds, is_open = value
    text = words.number(float(f"{milliseconds:.2g}"))
    return words.text("reading.more_than_ms" if is_open else "reading.ms", value=text)


def latency_figure(data: ReportData, month: date) -> Figure | None:
    """Attempts per bucket, stacked by wallet."""
    rows = data.latency.filter(pl.col("month") == month)
    labels = bucket_labels(rows)
    traces = [
        style.of_wallet(wallet)
        | {
            "type": "bar",
            "x": [labels[bucket] for bucket in part["latency_bucket"]],
            "y": part["attempts"].to_list(),
            "marker": style.bar_marker(style.wallet_look(wallet)),
            "hovertemplate": "%{x} ms<br>%{fullData.name}: %{y:,}<extra></extra>",
        }
        for wallet in sorted(rows["wallet"].unique())
        for part in (rows.filter(pl.col("wallet") == wallet),)
    ]
    return histogram(traces, list(labels.values()), "@axis.attempts")


def latency_extra(data: ReportData, month: date) -> dict[str, Any]:
    """The counts, so that the page can read percentiles off the wallets that are shown."""
    rows = data.latency.filter(pl.col("month") == month)
    columns = ("latency_bucket", "bucket_from_ms", "bucket_below_ms", "attempts")
    return {
        "kind": "histogram",
        "shares": list(_QUANTILES),
        "wallets": {
            wallet: [
                list(row) for row in rows.filter(pl.col("wallet") == wallet).select(columns).rows()
            ]
            for wallet in sorted(rows["wallet"].unique())
        },
    }


def latency_table(data: ReportData, month: date) -> Table:
    """One row per wallet and bucket."""
    rows = data.latency.filter(pl.col("month") == month).sort("wallet", "latency_bucket")
    return make_table(rows, "wallet bucket_from_ms bucket_below_ms users attempts", None)


def operations(data: ReportData, month: date) -> pl.DataFrame:
    """One row per service and operation of a month, the one that waiting is spent in first."""
    rows, earlier = (
        data.requests.filter(pl.col("month") == day) for day in (month, month_before(month))
    )
    found = []
    for (service, operation), part in rows.group_by(["service", "operation"], maintain_order=True):
        buckets = added_buckets(part, "requests")
        counted = part["requests"].sum()
        if not counted:
            continue
        before = earlier.filter((pl.col("service") == service) & (pl.col("operation") == operation))
        p50, p95, p99 = (quantile(buckets, share)[0] for share in _QUANTILES)
        p95_before = quantile(added_buckets(before, "requests"), 0.95)[0] if before.height else None
        found.append(
            {
                "service": service,
                "operation": operation,
                "requests": counted,
                "request_errors": part["request_errors"].sum(),
                "request_error_rate": ratio("request_error_rate").over(part),
                "duration_p50_ms": round(p50),
                "duration_p95_ms": round(p95),
                "duration_p99_ms": round(p99),
                "duration_p95_ms_earlier": None if p95_before is None else round(p95_before),
                "waiting": p95 * counted,
            }
        )
    if not found:
        return pl.DataFrame()
    frame = pl.DataFrame(found, infer_schema_length=None)
    return (
        frame.with_columns((pl.col("waiting") / pl.col("waiting").sum()).alias("share_of_waiting"))
        .drop("waiting")
        .sort("share_of_waiting", "operation", descending=[True, False])
    )


def api(data: ReportData, words: Words, month: date) -> str:
    """The bottleneck, and how much of all requests failed."""
    rows = operations(data, month)
    if rows.is_empty():
        return words.text("reading.api_empty")
    top = rows.row(0, named=True)
    return words.text(
        "reading.api",
        month=words.month(month),
        operation=f"{top['service']} {top['operation']}",
        share=words.percent(top["share_of_waiting"], 0),
        p95=words.number(top["duration_p95_ms"]),
        rate=words.percent(ratio("request_error_rate").over(rows), 2),
        n=words.number(rows["requests"].sum()),
    )


def no_api(_: ReportData, words: Words) -> str:
    """Said when no monitoring export was read."""
    return words.text("reading.api_empty")


def api_figure(data: ReportData, month: date) -> Figure | None:
    """Requests per bucket, stacked by operation; the five with the most waiting."""
    top = operations(data, month).head(5)
    if top.is_empty():
        return None
    rows = data.requests.filter(pl.col("month") == month)
    labels = bucket_labels(rows)
    traces = []
    for index, (service, operation) in enumerate(top.select("service", "operation").rows()):
        part = rows.filter((pl.col("service") == service) & (pl.col("operation") == operation))
        traces.append(
            {
                "type": "bar",
                "name": f"{service} {operation}",
                "x": [labels[bucket] for bucket in part["latency_bucket"]],
                "y": part["requests"].to_list(),
                "marker": style.bar_marker(style.SERIES_LOOKS[index]),
                "hovertemplate": "%{x} ms<br>%{fullData.name}: %{y:,}<extra></extra>",
            }
        )
    return histogram(traces, list(labels.values()), "@axis.requests")


def api_table(data: ReportData, month: date) -> Table:
    """One row per service and operation."""
    columns = (
        "service operation requests request_error_rate duration_p50_ms duration_p95_ms "
        "duration_p99_ms duration_p95_ms_earlier share_of_waiting"
    )
    rows = operations(data, month)
    if rows.is_empty():
        return empty_table()
    return make_table(rows, columns, "requests")
