"""Performance and peaks: change against an earlier window, busy hours, response times.

What belongs here: sentences, charts and tables of these, and reading percentiles off buckets. What
does not: days and hours by wallet (`readings`, `figures`).

Percentiles are never added up or averaged: counts in buckets are, and percentiles are read off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.data import (
    NAMED_HOUR,
    SMALL_SAMPLE,
    ReportData,
    difference_interval,
    month_before,
)
from pipelines.reports.style import Figure
from pipelines.reports.tables import Table, make_table
from pipelines.reports.words import Words, category_key
from pipelines.warehouse.metric_ratios import ratio

# Window -> days of it, and of the one before.
WINDOWS = {"week": 7, "four_weeks": 28}
PEAK_MEASURES = ("load_factor", "failure_rate", "latency_p95_ms")
_QUANTILES = (0.5, 0.95, 0.99)
# Where bucket n begins, in milliseconds (the macro latency_bucket_start).
BUCKETS = 25


def changes(data: ReportData) -> pl.DataFrame:
    """One row per window and wallet (and all): success rate now, before, and the difference.

    From days with enough people only, so a wallet of few people a day may lack days. Columns
    time_window, wallet, attempts, rate_now, rate_earlier, rate_change, change_low, change_high,
    change_verdict (better, worse, same).
    """
    last = data.daily["business_date"].max()
    if last is None:
        return pl.DataFrame()
    rows, rate = [], ratio("attempt_success_rate")
    everything = data.daily.with_columns(pl.lit("all").alias("wallet"))
    both = pl.concat([everything, data.daily])
    for window, days in WINDOWS.items():
        start = last - timedelta(days=days)
        if data.daily["business_date"].min() > start - timedelta(days=days - 1):
            continue
        for wallet in ["all", *sorted(data.daily["wallet"].unique())]:
            of_wallet = both.filter(pl.col("wallet") == wallet)
            day = pl.col("business_date")
            now = rate.added(of_wallet.filter(day > start))
            before = rate.added(
                of_wallet.filter(day.is_between(start - timedelta(days=days - 1), start))
            )
            if not now[1] or not before[1]:
                continue
            rows.append({"time_window": window, "wallet": wallet} | _change(now, before))
    return pl.DataFrame(rows)


def _change(now: tuple[float, float], before: tuple[float, float]) -> dict[str, Any]:
    low, high = difference_interval(now, before)
    return {
        "attempts": now[1],
        "rate_now": now[0] / now[1],
        "rate_earlier": before[0] / before[1],
        "rate_change": now[0] / now[1] - before[0] / before[1],
        "change_low": low,
        "change_high": high,
        "change_verdict": "better" if low > 0 else "worse" if high < 0 else "same",
    }


def change(data: ReportData, words: Words) -> str:
    """The clearest change of the last week, or of four weeks."""
    rows = changes(data)
    if rows.is_empty():
        return words.text("reading.change_empty")
    clear = rows.filter((pl.col("change_verdict") != "same") & (pl.col("attempts") >= SMALL_SAMPLE))
    if clear.is_empty():
        return words.text("reading.change_none")
    sentences = []
    for window in WINDOWS:
        part = clear.filter(pl.col("time_window") == window)
        if part.is_empty():
            continue
        largest = part.sort(pl.col("rate_change").abs(), "wallet", descending=[True, False])
        row = largest.row(0, named=True)
        sentences.append(
            words.text(
                f"reading.change_{row['change_verdict']}",
                window=words.text(f"window.{window}"),
                wallet=words.label("wallet", row["wallet"]),
                points=words.points(row["rate_change"]),
                now=words.percent(row["rate_now"]),
                before=words.percent(row["rate_earlier"]),
            )
        )
    return words.sentences(*sentences)


def change_table(data: ReportData) -> Table:
    """One row per window and wallet."""
    rows = changes(data)
    if rows.is_empty():
        return {"columns": [], "rows": [], "small": []}
    columns = "time_window wallet attempts rate_now rate_earlier rate_change change_low change_high"
    return make_table(rows, columns + " change_verdict", "attempts")


def peak_measures(data: ReportData) -> list[str]:
    """What the week can be coloured by."""
    return [] if data.peaks.is_empty() else list(PEAK_MEASURES)


def peaks(data: ReportData, words: Words, measure: str) -> str:
    """When it is busiest, and how payments do then against the rest of the week."""
    busy = data.peaks.filter(pl.col("is_peak"))
    top = data.peaks.sort("load_factor", descending=True).row(0, named=True)
    values = {
        "day": words.text(f"weekday.{top['iso_weekday']}"),
        "hour": f"{top['local_hour']:02d}:00",
        "load": words.number(top["load_factor"], 1),
    }
    sentence = words.text("reading.peak", **values)
    if measure == "load_factor" or busy.is_empty():
        return sentence
    if measure == "failure_rate":
        peak, calm = (
            ratio("failure_rate").over(rows)
            for rows in (busy, data.peaks.filter(~pl.col("is_peak")))
        )
        if peak is None or calm is None:
            return sentence
        told = {"peak": words.percent(peak), "calm": words.percent(calm)}
        return words.sentences(sentence, words.text("reading.peak_failures", **told))
    timed = data.peaks.drop_nulls("latency_p95_ms").filter(pl.col("attempts") >= NAMED_HOUR)
    if timed.is_empty():
        return sentence
    slow = timed.sort("latency_p95_ms", descending=True).row(0, named=True)
    return words.sentences(
        sentence,
        words.text(
            "reading.peak_slow",
            day=words.text(f"weekday.{slow['iso_weekday']}"),
            hour=f"{slow['local_hour']:02d}:00",
            p95=words.number(slow["latency_p95_ms"]),
        ),
    )


def peaks_figure(data: ReportData, measure: str) -> Figure | None:
    """Heat map weekday x hour; hours with few attempts stay empty where a rate is shown."""
    rows = data.peaks.with_columns(ratio("failure_rate").expression().alias("failure_rate"))
    if measure != "load_factor":
        rows = rows.filter(pl.col("attempts") >= SMALL_SAMPLE)
    cells = {(row["iso_weekday"], row["local_hour"]): row[measure] for row in rows.rows(named=True)}
    if not cells:
        return None
    days = list(range(7, 0, -1))
    digits = {"load_factor": 2, "failure_rate": 4, "latency_p95_ms": 0}[measure]
    form = {"load_factor": ".1f", "failure_rate": ".0%", "latency_p95_ms": ",.0f"}[measure]
    grid = [[cells.get((day, hour)) for hour in range(24)] for day in days]
    return {
        "data": [
            style.heat(
                [f"{hour:02d}" for hour in range(24)],
                [f"@weekday.{day}" for day in days],
                [[None if v is None else round(v, digits) for v in line] for line in grid],
                hovertemplate=f"%{{y}} %{{x}}:00<br>%{{z:{form}}}<extra></extra>",
                title=f"@axis.{measure}",
                form=form,
                below=340,
            )
        ],
        "layout": style.layout(
            390,
            legend=False,
            margin={"l": 8, "r": 14, "t": 10, "b": 96, "pad": 4},
            xaxis=style.axis(type="category", showgrid=False, nticks=12, tickangle=0),
            yaxis=style.axis(showgrid=False),
        ),
    }


def peaks_table(data: ReportData, _: str) -> Table:
    """One row per weekday and hour, the busiest first."""
    rows = data.peaks.sort("load_factor", descending=True)
    columns = "iso_weekday local_hour users attempts load_factor attempt_success_rate "
    return make_table(rows, columns + "technical_error_rate latency_p95_ms", "attempts")


def no_peaks(data: ReportData, words: Words) -> str:
    """Said when no hour of the week has enough people."""
    return words.text("reading.hours_empty" if data.has_attempt_log else "reading.causes_empty")


def latency_months(data: ReportData) -> list[date]:
    """Months with response times, the newest first."""
    return data.latency["month"].unique().sort(descending=True).to_list()


def quantile(
    buckets: Sequence[tuple[float, float | None, int]], share: float
) -> tuple[float, bool]:
    """Where a share of the cases lies: milliseconds, and whether it may be more.

    Args:
        buckets: (begins, ends or None when open, cases), in order.
        share: 0.95 for the 95th percentile.

    Within a bucket the position is logarithmic, as the buckets are; in the first, linear from 0.
    """
    wanted, seen = share * sum(count for *_, count in buckets), 0.0
    for start, end, count in buckets:
        if seen + count >= wanted and count:
            if end is None:
                return start, True
            part = (wanted - seen) / count
            return (start * (end / start) ** part if start > 0 else end * part), False
        seen += count
    return math.nan, False


def _buckets(rows: pl.DataFrame, count: str) -> list[tuple[float, float | None, int]]:
    """Buckets added up over the rows; from the lowest open end on, one open bucket."""
    open_from = rows.filter(pl.col("bucket_below_ms").is_null())["latency_bucket"].min()
    summed = rows.group_by("latency_bucket").agg(
        pl.col("bucket_from_ms").max(), pl.col("bucket_below_ms").max(), pl.col(count).sum()
    )
    result: list[tuple[float, float | None, int]] = []
    for row in summed.sort("latency_bucket").rows(named=True):
        is_open = open_from is not None and row["latency_bucket"] >= open_from
        if is_open and result and result[-1][1] is None:
            result[-1] = (result[-1][0], None, result[-1][2] + row[count])
            continue
        result.append(
            (row["bucket_from_ms"], None if is_open else row["bucket_below_ms"], row[count])
        )
    return result


def latency(data: ReportData, words: Words, month: date) -> str:
    """p50, p95, p99 of a month, and p95 of the month before."""
    buckets = _buckets(data.latency.filter(pl.col("month") == month), "attempts")
    p50, p95, p99 = (_milliseconds(words, quantile(buckets, share)) for share in _QUANTILES)
    sentence = words.text("reading.buckets", month=words.month(month), p50=p50, p95=p95, p99=p99)
    earlier = data.latency.filter(pl.col("month") == month_before(month))
    if earlier.is_empty():
        return sentence
    before = quantile(_buckets(earlier, "attempts"), 0.95)
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
    return _histogram(traces, list(labels.values()), "@axis.attempts")


def _histogram(traces: list[dict], labels: list[str], title: str) -> Figure:
    return {
        "data": traces,
        "layout": style.layout(
            330,
            barmode="stack",
            bargap=0.06,
            xaxis=style.axis(
                "@axis.latency",
                type="category",
                showgrid=False,
                categoryorder="array",
                categoryarray=labels,
                tickangle=-45,
                nticks=13,
            ),
            yaxis=style.axis(title, tickformat="~s"),
        ),
    }


def bucket_labels(rows: pl.DataFrame) -> dict[int, str]:
    """Bucket -> `100–141`: where it begins and ends, in milliseconds."""
    edges = [0 if n == 0 else round(50 * 2 ** (n / 2)) for n in range(BUCKETS + 1)]
    present = rows["latency_bucket"].unique().sort().to_list()
    if not present:
        return {}
    return {n: f"{edges[n]:,}–{edges[n + 1]:,}" for n in range(present[0], present[-1] + 1)}


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


def request_months(data: ReportData) -> list[date]:
    """Months with requests, the newest first."""
    return data.requests["month"].unique().sort(descending=True).to_list()


def operations(data: ReportData, month: date) -> pl.DataFrame:
    """One row per service and operation of a month, the one that waiting is spent in first."""
    rows, earlier = (
        data.requests.filter(pl.col("month") == day) for day in (month, month_before(month))
    )
    found = []
    for (service, operation), part in rows.group_by(["service", "operation"], maintain_order=True):
        buckets = _buckets(part, "requests")
        counted = part["requests"].sum()
        if not counted:
            continue
        before = earlier.filter((pl.col("service") == service) & (pl.col("operation") == operation))
        p50, p95, p99 = (quantile(buckets, share)[0] for share in _QUANTILES)
        p95_before = quantile(_buckets(before, "requests"), 0.95)[0] if before.height else None
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
    return _histogram(traces, list(labels.values()), "@axis.requests")


def api_table(data: ReportData, month: date) -> Table:
    """One row per service and operation."""
    columns = (
        "service operation requests request_error_rate duration_p50_ms duration_p95_ms "
        "duration_p99_ms duration_p95_ms_earlier share_of_waiting"
    )
    rows = operations(data, month)
    if rows.is_empty():
        return {"columns": [], "rows": [], "small": []}
    return make_table(rows, columns, "requests")


def month_label(_: ReportData, month: date) -> str:
    """Token of a month in a list to choose from."""
    return category_key("month", month.isoformat())
