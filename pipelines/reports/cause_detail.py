"""One cause of failure in detail: where it strikes more often than on average.

What belongs here: reading, chart and table of a cause over all dimensions; a click on the cause's
bar leads here. What does not: all causes together (`failure_readings`, `failure_figures`). Every
number is a published cell (cause by value); nothing is derived from others, so what the release
hides stays hidden.
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import NAMED_HOUR, SMALL_SAMPLE, ReportData
from pipelines.reports.dimensions import TELLING, dimension_token
from pipelines.reports.failure_readings import failures_by_cause
from pipelines.reports.intervals import wilson
from pipelines.reports.style import Figure
from pipelines.reports.words import Words, category_key

_VALUES_SHOWN = 12
# Of a chain with hundreds of banks and versions the page would grow by a megabyte.
_TABLE_ROWS = 60
# Segments are made of what was paid: who never paid always failed. Providers repeat the wallets.
_NOT_COMPARED = ("all", "lifecycle_segment", "provider")


def causes(data: ReportData) -> list[str]:
    """Causes with at least one value to show, the most frequent first."""
    known = set(_values(data)["failure_category"])
    return [name for name in failures_by_cause(data)["failure_category"] if name in known]


def cause_label(_: ReportData, cause: str) -> str:
    """Token of a cause in the list to choose from."""
    return category_key("cause", cause)


def reading(data: ReportData, words: Words, cause: str) -> str:
    """How often attempts fail for the cause, and the values that clearly exceed it."""
    (of_all,) = data.breakdown("all", cause).rows(named=True) or [None]
    rows = _of_cause(data, cause)
    name = words.label("cause", cause)
    if of_all is None:
        return words.text("reading.cause_total_hidden", cause=name)
    sentence = words.text(
        "reading.cause_rate",
        cause=name,
        failed=words.number(of_all["failed"]),
        attempts=words.number(of_all["attempts"]),
        rate=words.percent(of_all["failure_rate"]),
    )
    clear = rows.filter("is_clear")
    if clear.is_empty():
        return words.sentences(sentence, words.text("reading.cause_flat"))
    found = [
        words.text(
            "reading.cause_value_alone" if row["dimension"] in TELLING else "reading.cause_value",
            dimension=words.label("dimension", row["dimension"]),
            value=words.token(row["token"]),
            rate=words.percent(row["failure_rate"]),
        )
        for row in clear.head(3).rows(named=True)
    ]
    return words.sentences(sentence, words.text("reading.cause_clear", values=words.listing(found)))


def figure(data: ReportData, cause: str) -> Figure | None:
    """Share of attempts that failed for the cause, for the values where it is highest."""
    rows = _of_cause(data, cause).filter(pl.col("attempts") >= SMALL_SAMPLE).head(_VALUES_SHOWN)
    if rows.is_empty():
        return None
    rows = rows.reverse()
    names = [
        row["token"]
        if row["dimension"] in TELLING
        else f"@dimension.{row['dimension']} · {row['token']}"
        for row in rows.iter_rows(named=True)
    ]
    of_all = data.breakdown("all", cause)
    shapes = [style.mark("x", rate) for rate in of_all["failure_rate"].to_list()]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": "@series.rate",
                "x": style.rounded(rows["failure_rate"]),
                "y": names,
                "error_x": style.error_bar(rows, "failure_rate", "failure_rate", style.VERMILLION),
                "marker": {"color": style.VERMILLION, "size": 9},
                "customdata": rows.select("attempts", "failed").rows(),
                "hovertemplate": "%{y}: %{x:.1%}<br>n = %{customdata[0]:,}<extra></extra>",
            },
            *([style.line_for_legend("@series.overall")] if shapes else []),
        ],
        "layout": style.layout(
            104 + 30 * rows.height,
            shapes=shapes,
            xaxis=style.axis("@axis.failure_rate", tickformat=".1~%", rangemode="tozero"),
            yaxis=style.axis(
                showgrid=False,
                type="category",
                categoryorder="array",
                categoryarray=names,
                range=[-0.6, rows.height - 0.4],
            ),
        ),
    }


def table(data: ReportData, cause: str) -> Table:
    """One row per value of each dimension: those with most failures, the highest rate first."""
    most = pl.col("failed").rank("ordinal", descending=True) <= _TABLE_ROWS
    rows = (
        _of_cause(data, cause)
        .filter(most)
        .with_columns(
            pl.format("@dimension.{}", "dimension").alias("property"),
            pl.col("token").alias("value"),
        )
    )
    return make_table(
        rows,
        "property value attempts failed users failure_rate failure_rate_low failure_rate_high "
        "amount_failed",
        "attempts",
    )


def _values(data: ReportData) -> pl.DataFrame:
    rows = data.failures.filter(
        pl.col("dimension").is_in(_NOT_COMPARED).not_() & (pl.col("failure_category") != "all")
    )
    # A wallet's rows say something only beside another wallet's.
    dimensions = set(data.dimensions)
    return rows.filter(pl.col("dimension").is_in(dimensions))


def _of_cause(data: ReportData, cause: str) -> pl.DataFrame:
    """Values of all dimensions, the highest rate first, with `token` and `is_clear`.

    Clear is what lies above the cause's rate over all attempts by more than chance explains, with
    as many comparisons as there are values (Bonferroni).
    """
    rows = _values(data).filter(pl.col("failure_category") == cause)
    overall = data.breakdown("all", cause)["failure_rate"].to_list()
    lows = [
        wilson(failed, attempts, comparisons=rows.height)[0]
        for failed, attempts in rows.select("failed", "attempts").rows()
    ]
    least = pl.when(pl.col("dimension") == "local_hour").then(NAMED_HOUR).otherwise(SMALL_SAMPLE)
    tokens = [
        dimension_token(dimension, value, data.currency)
        for dimension, value in rows.select("dimension", "dimension_value").rows()
    ]
    return (
        rows.with_columns(
            pl.Series("token", tokens, dtype=pl.String),
            (pl.Series("low", lows, dtype=pl.Float64) > (overall[0] if overall else 1.0)).alias(
                "above_chance"
            ),
        )
        .with_columns((pl.col("above_chance") & (pl.col("attempts") >= least)).alias("is_clear"))
        .sort("failure_rate", "dimension", "dimension_value", descending=[True, False, False])
    )
