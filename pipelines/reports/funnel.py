"""The checkout funnel: how far visits come, and who comes further.

What belongs here: sentences, charts and tables of the funnel. What does not: payments themselves.
Tools that watch the same shop count the same visitors again, so sources are never added up.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.intervals import wilson
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import Words, category_key
from pipelines.warehouse.metric_ratios import ratio

CHECKOUT, CHOICE, PURCHASE = "begin_checkout", "add_payment_info", "purchase"


def views(data: ReportData) -> list[tuple[date, str]]:
    """(month, source) with visits, the newest month first, the source with more visits first."""
    rows = _all(data).group_by("month", "source").agg(pl.col("visits").max())
    rows = rows.sort("month", "visits", "source", descending=[True, True, False])
    return rows.select("month", "source").rows()


def view_label(_: ReportData, view: tuple[date, str]) -> str:
    """Month and tool."""
    return f"{category_key('month', view[0].isoformat())} {category_key('source', view[1])}"


def newest_complete(data: ReportData, given: list[tuple[date, str]]) -> int:
    """Position of the headline month: a month that has just begun says little."""
    return next((place for place, (month, _) in enumerate(given) if month == data.month), 0)


def steps(data: ReportData, words: Words, view: tuple[date, str]) -> str:
    """How many of those who began to check out bought, and where most were lost."""
    rows = _of_view(_all(data), view)
    visits = dict(rows.select("step", "visits").rows())
    began = visits.get(CHECKOUT, 0)
    if began < SMALL_SAMPLE:
        return words.counted("reading.funnel_small", began)
    purchases = visits.get(PURCHASE, 0)
    low, high = wilson(purchases, began)
    sentence = words.text(
        "reading.funnel",
        month=words.month(view[0]),
        n=words.number(began),
        rate=words.percent(ratio("bought_rate").of({"purchases": purchases, "checkouts": began})),
        low=words.percent(low),
        high=words.percent(high),
    )
    lost = (
        rows.filter(pl.col("step_number") > 3)
        .drop_nulls("step_conversion_rate")
        .sort("step_conversion_rate", "step_number")
    )
    if lost.is_empty():
        return sentence
    worst = lost.row(0, named=True)
    note = words.text(
        "reading.funnel_lost",
        step=words.label("step", worst["step"]),
        share=words.percent(1 - worst["step_conversion_rate"]),
    )
    return words.sentences(sentence, note)


def empty(_: ReportData, words: Words) -> str:
    """Said when no behaviour export was read, or too few people came."""
    return words.text("reading.funnel_empty")


def finding(data: ReportData, words: Words) -> str:
    """The funnel in the headline month."""
    given = views(data)
    return steps(data, words, given[newest_complete(data, given)]) if given else empty(data, words)


def steps_figure(data: ReportData, view: tuple[date, str]) -> Figure | None:
    """Visits per step, the first on top; the label is the part of the step before."""
    rows = _of_view(_all(data), view).reverse()
    if rows.is_empty():
        return None
    labels = [
        f"{visits:,}" + ("" if rate is None else f" ({rate:.0%})")
        for visits, rate in rows.select("visits", "step_conversion_rate").rows()
    ]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": [category_key("step", step) for step in rows["step"]],
                "x": rows["visits"].to_list(),
                "text": labels,
                "textposition": "outside",
                "textfont": {"size": 11, "color": "$muted"},
                "cliponaxis": False,
                "marker": {"color": style.BLUE},
                "hovertemplate": "%{y}: %{text}<extra></extra>",
            }
        ],
        "layout": style.layout(
            70 + 44 * rows.height,
            legend=False,
            bargap=0.25,
            # Room for the longest bar's label.
            xaxis=style.axis(
                "@axis.visits", tickformat="~s", range=[0, rows["visits"].max() * 1.3]
            ),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def steps_table(data: ReportData, view: tuple[date, str]) -> Table:
    """One row per step."""
    return make_table(
        _of_view(_all(data), view),
        "step users visits step_conversion_rate step_conversion_rate_low "
        "step_conversion_rate_high checkout_conversion_rate one_tap_share "
        "seconds_from_checkout_p50",
        "visits",
    )


def dimensions(data: ReportData) -> list[str]:
    """Dimensions with values to compare in the view that the page opens with, wallets first."""
    if not views(data):
        return []
    names = data.funnel["dimension"].unique().sort(descending=True).to_list()
    return [name for name in names if name != "all" and by_value(data, name).height > 1]


def by_value(data: ReportData, dimension: str) -> pl.DataFrame:
    """One row per value: visits that began, purchases, their part with its interval, speed.

    They begin with the checkout; by wallet with choosing it, for before that no wallet is known.
    """
    given = views(data)
    rows = _of_view(data.funnel, given[newest_complete(data, given)])
    rows = rows.filter(pl.col("dimension") == dimension)
    began = rows.filter(pl.col("step") == _first_step(dimension)).select(
        "dimension_value", pl.col("visits").alias("checkouts"), "one_tap_share"
    )
    bought = rows.filter(pl.col("step") == PURCHASE).select(
        "dimension_value", "users", pl.col("visits").alias("purchases"), "seconds_from_checkout_p50"
    )
    joined = began.join(bought, on="dimension_value", how="inner").filter(pl.col("checkouts") > 0)
    bounds = [wilson(*pair) for pair in joined.select("purchases", "checkouts").rows()]
    group = {"wallet": "wallet", "language": "language"}.get(dimension, dimension)
    return joined.with_columns(
        pl.Series("value", [category_key(group, v) for v in joined["dimension_value"]], pl.String),
        ratio("bought_rate").expression().alias("bought_rate"),
        pl.Series("rate_low", [low for low, _ in bounds], pl.Float64),
        pl.Series("rate_high", [high for _, high in bounds], pl.Float64),
    ).sort("bought_rate", "value", descending=[True, False])


def values(data: ReportData, words: Words, dimension: str) -> str:
    """Best and worst value, when chance cannot explain the difference."""
    rows = by_value(data, dimension).filter(pl.col("checkouts") >= SMALL_SAMPLE)
    if rows.height < 2:
        return words.text("reading.funnel_values_small")
    best, worst = rows.row(0, named=True), rows.row(-1, named=True)
    key = "funnel_values" if best["rate_low"] > worst["rate_high"] else "funnel_values_same"
    sentence = words.text(
        f"reading.{key}",
        best=words.token(best["value"]),
        rate=words.percent(best["bought_rate"]),
        worst=words.token(worst["value"]),
        worst_rate=words.percent(worst["bought_rate"]),
    )
    note = words.text("reading.funnel_values_chosen") if dimension == "wallet" else ""
    return words.sentences(sentence, note)


def values_figure(data: ReportData, dimension: str) -> Figure | None:
    """Share of begun checkouts that ended in a purchase, by value, with its interval."""
    rows = by_value(data, dimension).reverse()
    if rows.is_empty():
        return None
    rate = rows["bought_rate"]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": rounded(rate),
                "y": rows["value"].to_list(),
                "marker": {"color": style.BLUE, "size": 10},
                "error_x": style.error_bar(rows, "bought_rate", "rate", style.BLUE),
                "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
            }
        ],
        "layout": style.layout(
            80 + 34 * rows.height,
            legend=False,
            xaxis=style.axis("@axis.bought", tickformat=".0%", rangemode="tozero"),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def values_table(data: ReportData, dimension: str) -> Table:
    """One row per value."""
    first = "wallet_choices" if dimension == "wallet" else "checkouts"
    return make_table(
        by_value(data, dimension).rename({"checkouts": first}),
        f"value {first} purchases bought_rate rate_low rate_high one_tap_share "
        "seconds_from_checkout_p50",
        first,
    )


def _first_step(dimension: str) -> str:
    return CHOICE if dimension == "wallet" else CHECKOUT


def _all(data: ReportData) -> pl.DataFrame:
    return data.funnel.filter(pl.col("dimension") == "all")


def _of_view(rows: pl.DataFrame, view: tuple[date, str]) -> pl.DataFrame:
    month, source = view
    of_view = rows.filter((pl.col("month") == month) & (pl.col("source") == source))
    return of_view.sort("step_number")
