"""The wallets side by side over the last 90 days of data: success, cost, speed, refunds, security.

What belongs here: reading, chart and table of that comparison. What does not: the same month by
month (`readings`, `tables`), what a wallet costs in detail (`fees`).
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.intervals import differ
from pipelines.reports.style import Figure
from pipelines.reports.words import Words, category_key

_COMPARED = (
    "wallet users orders order_success_rate order_success_rate_low order_success_rate_high "
    "first_attempt_success_rate recovery_rate technical_error_rate latency_p50_ms latency_p95_ms "
    "seconds_to_success_p50 captured_amount effective_fee_rate refund_rate_by_count "
    "turnaround_hours_p50 turnaround_hours_p90 sla_breach_rate refund_failure_rate step_up_coverage"
)


def reading(data: ReportData, words: Words) -> str:
    """The best wallet by success, by cost and by speed, as far as chance allows."""
    rows = data.comparison.filter(pl.col("orders") >= SMALL_SAMPLE)
    if rows.is_empty():
        return words.text(
            "reading.wallets_empty" if data.comparison.is_empty() else "reading.side_small"
        )
    first = words.text(
        "reading.side_period", start=str(rows["from_date"][0]), end=str(rows["to_date"][0])
    )
    return words.sentences(
        first, _best_success(rows, words), _cheapest(rows, words), _fastest(rows, words)
    )


def _best_success(rows: pl.DataFrame, words: Words) -> str:
    ranked = rows.sort("order_success_rate", "wallet", descending=[True, False])
    best, worst = ranked.row(0, named=True), ranked.row(-1, named=True)
    values = {
        "best": words.label("wallet", best["wallet"]),
        "rate": words.percent(best["order_success_rate"]),
        "worst": words.label("wallet", worst["wallet"]),
        "worst_rate": words.percent(worst["order_success_rate"]),
    }
    if ranked.height == 1:
        return words.text("reading.side_one", **values)
    pairs = [(row["order_success_rate"] * row["orders"], row["orders"]) for row in (best, worst)]
    return words.text("reading.side_best" if differ(*pairs) else "reading.side_equal", **values)


def _cheapest(rows: pl.DataFrame, words: Words) -> str:
    priced = rows.drop_nulls("effective_fee_rate").sort("effective_fee_rate", "wallet")
    if priced.height < 2:
        return ""
    row = priced.row(0, named=True)
    fees = [words.percent(rate, 2) for rate in priced["effective_fee_rate"]]
    # What reads the same is no difference to choose by.
    if len(set(fees)) == 1:
        some = "" if priced.height == rows.height else "_known"
        return words.text(f"reading.side_same_cost{some}", fee=fees[0])
    if fees[0] == fees[1]:
        return ""
    return words.text(
        "reading.side_cheapest", wallet=words.label("wallet", row["wallet"]), fee=fees[0]
    )


def _fastest(rows: pl.DataFrame, words: Words) -> str:
    timed = rows.drop_nulls("latency_p50_ms").sort("latency_p50_ms", "wallet")
    if timed.height < 2:
        return ""
    row = timed.row(0, named=True)
    return words.text(
        "reading.side_fastest",
        wallet=words.label("wallet", row["wallet"]),
        p50=words.number(row["latency_p50_ms"]),
    )


def figure(data: ReportData) -> Figure | None:
    """Order success rate of each wallet with its interval; few orders make it hollow."""
    rows = data.comparison.drop_nulls("order_success_rate").reverse()
    if rows.is_empty():
        return None
    traces = []
    for row in rows.rows(named=True):
        look, rate = style.wallet_look(row["wallet"]), row["order_success_rate"]
        hollow = "-open" if row["orders"] < SMALL_SAMPLE else ""
        traces.append(
            style.of_wallet(row["wallet"])
            | {
                "type": "scatter",
                "mode": "markers",
                "x": [round(rate, 5)],
                "y": [category_key("wallet", row["wallet"])],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(row["order_success_rate_high"] - rate, 5)],
                    "arrayminus": [round(rate - row["order_success_rate_low"], 5)],
                    "color": look.colour,
                    "thickness": 2,
                    "width": 5,
                },
                "marker": {"color": look.colour, "symbol": look.symbol + hollow, "size": 11},
                "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            90 + 36 * rows.height,
            legend=False,
            xaxis=style.axis("@axis.order_success", tickformat=".1~%"),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def table(data: ReportData) -> Table:
    """One row per wallet, the last 90 days of data."""
    return make_table(data.comparison, _COMPARED, "orders")
