"""Who uses which wallet: the share of a group's people that pays with each.

What belongs here: reading, chart and table of wallets by group of people. What does not: how well a
wallet works (`side_by_side`) and what it costs (`fees`).
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.dimensions import dimension_token, with_values
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import Words

_VALUES_SHOWN = 10


def dimensions(data: ReportData) -> list[str]:
    """Dimensions of the people with at least two values shown."""
    rows = data.wallet_users.filter(pl.col("dimension") != "all")
    counts = rows.group_by("dimension", maintain_order=True).agg(
        pl.col("dimension_value").n_unique()
    )
    return counts.filter(pl.col("dimension_value") > 1)["dimension"].to_list()


def reading(data: ReportData, words: Words, dimension: str) -> str:
    """Where a wallet is used clearly more than by all users."""
    overall = dict(
        data.wallet_users.filter(pl.col("dimension") == "all")
        .drop_nulls("wallet_use_rate")
        .select("wallet", "wallet_use_rate")
        .rows()
    )
    rows = data.wallet_users.filter(
        (pl.col("dimension") == dimension) & (pl.col("users_of_value") >= SMALL_SAMPLE)
    ).drop_nulls("wallet_use_rate")
    clear = [
        row for row in rows.rows(named=True) if row["share_low"] > overall.get(row["wallet"], 1.0)
    ]
    if not clear:
        return words.text("reading.preference_flat")
    top = max(clear, key=lambda row: row["share_low"] - overall[row["wallet"]])
    return words.text(
        "reading.preference",
        value=words.token(dimension_token(dimension, top["dimension_value"], data.currency)),
        wallet=words.label("wallet", top["wallet"]),
        share=words.percent(top["wallet_use_rate"]),
        overall=words.percent(overall[top["wallet"]]),
        users=words.number(top["users_of_value"]),
    )


def no_reading(_: ReportData, words: Words) -> str:
    """Said when no group is large enough."""
    return words.text("reading.preference_empty")


def figure(data: ReportData, dimension: str) -> Figure | None:
    """Share of a group's people that used each wallet; a person may use several."""
    rows = data.wallet_users.filter(pl.col("dimension") == dimension)
    if rows["wallet_use_rate"].is_null().all():
        return None
    largest = (
        rows.group_by("dimension_value")
        .agg(pl.col("users_of_value").max())
        .sort("users_of_value", "dimension_value", descending=[True, False])
        .head(_VALUES_SHOWN)
    )
    order = [
        dimension_token(dimension, value, data.currency) for value in largest["dimension_value"]
    ]
    rows = rows.filter(pl.col("dimension_value").is_in(largest["dimension_value"].to_list()))
    traces = []
    for wallet in sorted(rows["wallet"].unique()):
        part = rows.filter(pl.col("wallet") == wallet)
        values = [
            dimension_token(dimension, value, data.currency) for value in part["dimension_value"]
        ]
        traces.append(
            style.of_wallet(wallet)
            | {
                "type": "bar",
                "orientation": "h",
                "y": values,
                "x": rounded(part["wallet_use_rate"]),
                "marker": style.bar_marker(style.wallet_look(wallet)),
                "hovertemplate": "%{y}<br>%{fullData.name}: %{x:.1%}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            100 + 22 * len(order) * max(len(traces), 1),
            barmode="group",
            bargap=0.3,
            xaxis=style.axis("@axis.share_of_users", tickformat=".0%", rangemode="tozero"),
            yaxis=style.axis(
                showgrid=False, type="category", categoryorder="array", categoryarray=order[::-1]
            ),
        ),
    }


def table(data: ReportData, dimension: str) -> Table:
    """One row per value and wallet."""
    rows = data.wallet_users.filter(pl.col("dimension") == dimension)
    rows = rows.sort("users_of_value", "dimension_value", "wallet", descending=[True, False, False])
    return make_table(
        with_values(rows, dimension, data.currency),
        "value wallet users users_of_value wallet_use_rate share_low share_high",
        "users_of_value",
    )
