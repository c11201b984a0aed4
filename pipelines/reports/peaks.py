"""The hours of a week: when it is busiest, and how payments do then.

What belongs here: reading, chart and table of weekday by hour. What does not: hours of the day by
wallet (`readings`, `figures`).
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import NAMED_HOUR, SMALL_SAMPLE, ReportData
from pipelines.reports.style import Figure
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio

MEASURES = ("load_factor", "failure_rate", "latency_p95_ms")


def measures(data: ReportData) -> list[str]:
    """What the week can be coloured by."""
    return [] if data.peaks.is_empty() else list(MEASURES)


def reading(data: ReportData, words: Words, measure: str) -> str:
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


def no_reading(data: ReportData, words: Words) -> str:
    """Said when no hour of the week has enough people."""
    return words.text("reading.hours_empty" if data.has_attempt_log else "reading.causes_empty")


def figure(data: ReportData, measure: str) -> Figure | None:
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


def table(data: ReportData, _: str) -> Table:
    """One row per weekday and hour, the busiest first."""
    rows = data.peaks.sort("load_factor", descending=True)
    columns = "iso_weekday local_hour users attempts load_factor attempt_success_rate "
    return make_table(rows, columns + "technical_error_rate latency_p95_ms", "attempts")
