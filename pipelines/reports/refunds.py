"""Refunds: how much goes back, how long customers wait for it, and where it is most.

What belongs here: readings, charts and tables of these. What does not: refunds that look like fraud
(`security`), the refund rate among the headline figures (`kpis`).
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.dimensions import dimension_token, with_values
from pipelines.reports.intervals import wilson
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio


def amounts(data: ReportData, words: Words) -> str:
    """What was refunded in the newest month shown."""
    rows = _of_headline_month(data)
    if rows.is_empty():
        return words.text(_why_none(data))
    count = rows["refunds"].sum()
    values = {
        "amount": words.money(rows["refunded_amount"].sum(), data.currency),
        "month": words.month(rows["month"][0]),
        "refunds": words.number(count),
    }
    if count < SMALL_SAMPLE:
        return words.text("reading.refunds_small", **values)
    partial = ratio("partial_share").over(rows)
    if partial is None:
        return words.text("reading.refunds_unlinked", **values)
    return words.text("reading.refunds", partial=words.percent(partial), **values)


def amounts_figure(data: ReportData) -> Figure | None:
    """Refunded amount per month and wallet."""
    rows = data.refunds
    if rows.is_empty():
        return None
    months = [month.strftime("%Y-%m") for month in rows["month"].unique().sort()]
    traces = []
    for wallet in sorted(rows["wallet"].unique()):
        part = rows.filter(pl.col("wallet") == wallet)
        traces.append(
            style.of_wallet(wallet)
            | {
                "type": "bar",
                "x": [month.strftime("%Y-%m") for month in part["month"]],
                "y": rounded(part["refunded_amount"], 2),
                "marker": style.bar_marker(style.wallet_look(wallet)),
                "hovertemplate": "%{x}<br>%{fullData.name}: %{y:,.0f} "
                + data.currency
                + "<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            320,
            barmode="group",
            bargap=0.35,
            xaxis=style.month_axis(months),
            yaxis=style.axis(data.currency, tickformat="~s"),
        ),
    }


def amounts_table(data: ReportData) -> Table:
    """One row per month and wallet, the newest first."""
    rows = data.refunds.sort("month", "wallet", descending=[True, False])
    return make_table(rows, "month wallet users refunds refunded_amount partial_share", "refunds")


def turnaround(data: ReportData, words: Words) -> str:
    """How long customers wait for their money with the slowest wallet, or the only one timed."""
    rows = _of_headline_month(data).drop_nulls("turnaround_hours_p90")
    if rows.is_empty():
        timeless = data.refunds.height
        return words.text("reading.turnaround_empty" if timeless else _why_none(data))
    row = rows.sort("turnaround_hours_p90", "wallet", descending=[True, False]).row(0, named=True)
    sentence = words.text(
        "reading.turnaround" if rows.height > 1 else "reading.turnaround_one",
        month=words.month(row["month"]),
        wallet=words.label("wallet", row["wallet"]),
        p50=words.duration(row["turnaround_hours_p50"]),
        p90=words.duration(row["turnaround_hours_p90"]),
    )
    notes = []
    timed = data.refunds.drop_nulls("turnaround_hours_p90")["wallet"]
    if untimed := sorted(set(data.refunds["wallet"]) - set(timed)):
        names = words.listing([words.label("wallet", wallet) for wallet in untimed])
        notes.append(words.text("reading.turnaround_untimed", wallets=names))
    if row["refunds"] < SMALL_SAMPLE:
        notes.append(words.text("reading.turnaround_small", refunds=words.number(row["refunds"])))
    return words.sentences(sentence, *notes)


def turnaround_figure(data: ReportData) -> Figure | None:
    """Hours from request to completion: median and 90th percentile per wallet and month."""
    rows = data.refunds.drop_nulls("turnaround_hours_p90").sort("wallet", "month")
    if rows.is_empty():
        return None
    rows = rows.with_columns(pl.col("month").dt.strftime("%Y-%m").alias("label"))
    quantiles = [
        ("turnaround_hours_p50", "p50", 1.4, "circle-open"),
        ("turnaround_hours_p90", "p90", 2.4, "circle"),
    ]
    traces = [
        style.quantile_line(rows, wallet, "label", column, name, width, symbol)
        for wallet in sorted(rows["wallet"].unique())
        for column, name, width, symbol in quantiles
    ]
    return {
        "data": traces,
        "layout": style.layout(
            320,
            xaxis=style.month_axis(rows["label"].unique().sort().to_list()),
            yaxis=style.duration_axis(
                rows["turnaround_hours_p50"].min(), rows["turnaround_hours_p90"].max()
            ),
        ),
    }


def turnaround_table(data: ReportData) -> Table:
    """One row per month and wallet with known times."""
    rows = data.refunds.drop_nulls("turnaround_hours_p90")
    rows = rows.sort("month", "wallet", descending=[True, False])
    columns = "month wallet refunds turnaround_hours_p50 turnaround_hours_p90"
    return make_table(rows, columns, "refunds")


def dimensions(data: ReportData) -> list[str]:
    """Dimensions of the refund breakdown with two values or more."""
    counts = data.refund_breakdown.group_by("dimension", maintain_order=True).len()
    return counts.filter((pl.col("len") > 1) & (pl.col("dimension") != "all"))[
        "dimension"
    ].to_list()


def breakdown(data: ReportData, words: Words, dimension: str) -> str:
    """The value of a dimension whose payments are refunded clearly more than all are."""
    whole = data.refund_breakdown.filter(pl.col("dimension") == "all")
    if whole.is_empty():
        return words.text(_why_none(data))
    overall = whole.row(0, named=True)
    first = words.text(
        "reading.refund_overall",
        rate=words.percent(overall["refund_rate"] or 0.0),
        failed=words.number(overall["failed"]),
        pending=words.number(overall["pending"]),
        refunds=words.number(overall["refunds"]),
    )
    rows = data.refund_breakdown.filter(
        (pl.col("dimension") == dimension) & (pl.col("captures") >= SMALL_SAMPLE)
    )
    counts = rows.select("refunded_captures", "captures").rows()
    lows = [wilson(*count, comparisons=rows.height)[0] for count in counts]
    clear = rows.filter(pl.Series(lows, dtype=pl.Float64) > (overall["refund_rate"] or 0.0))
    if clear.is_empty():
        return first
    worst = clear.sort("refund_rate", "dimension_value", descending=[True, False]).row(
        0, named=True
    )
    return words.sentences(
        first,
        words.text(
            "reading.refund_high",
            value=words.token(dimension_token(dimension, worst["dimension_value"], data.currency)),
            rate=words.percent(worst["refund_rate"]),
            n=words.number(worst["captures"]),
        ),
    )


def no_breakdown(data: ReportData, words: Words) -> str:
    """Said when no dimension has two values to compare: of all payments together, if at all."""
    return breakdown(data, words, "all")


def breakdown_table(data: ReportData, dimension: str) -> Table:
    """One row per value of a dimension."""
    rows = data.refund_breakdown.filter(pl.col("dimension") == dimension)
    return make_table(
        with_values(rows, dimension, data.currency),
        "value captures refund_rate refund_rate_low refund_rate_high refunds users failed pending "
        "refunded_amount partial_refunds hours_p50 hours_p90 sla_breach_rate",
        "refunds",
    )


def _why_none(data: ReportData) -> str:
    return "reading.refunds_empty" if data.has_bills else "reading.refunds_no_bills"


def _of_headline_month(data: ReportData) -> pl.DataFrame:
    of_month = data.refunds.filter(pl.col("month").eq_missing(pl.lit(data.month, pl.Date)))
    if not of_month.is_empty() or data.refunds.is_empty():
        return of_month
    return data.refunds.filter(pl.col("month") == pl.col("month").max())
