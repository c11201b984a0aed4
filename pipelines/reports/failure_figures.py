"""Charts of failures: causes, where they are, what they cost, what goes with them.

What belongs here: pure functions from the data object to a plotly figure dict, None where there is
nothing to draw. What does not: all other charts (`figures`), wording, I/O.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.dimensions import dimension_token, order_dimension
from pipelines.reports.failure_readings import drivers_usable, money_by_cause, overall_failure_rate
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import category_key

# More values than this make a chart unreadable; the table below it has all of them.
_VALUES_SHOWN = 15


def failure_causes(data: ReportData) -> Figure | None:
    """Failed attempts by cause, most frequent on top, stacked by wallet."""
    rows = data.breakdown("wallet", None)
    if rows.is_empty():
        return None
    order = (
        rows.group_by("failure_category")
        .agg(pl.col("failed").sum())
        .sort("failed", "failure_category", descending=[False, True])
    )["failure_category"].to_list()
    traces = []
    for wallet in sorted(rows["dimension_value"].unique()):
        part = rows.filter(pl.col("dimension_value") == wallet)
        traces.append(
            style.of_wallet(wallet)
            | {
                "type": "bar",
                "orientation": "h",
                "y": [category_key("cause", name) for name in part["failure_category"]],
                "x": part["failed"].to_list(),
                "marker": style.bar_marker(style.wallet_look(wallet)),
                "hovertemplate": "%{y}<br>%{fullData.name}: %{x:,}<extra></extra>",
                # What a click chooses in the card that the layout names: its token without the @,
                # by which the page would put a word in its place.
                "ids": [f"cause.{name}" for name in part["failure_category"]],
            }
        )
    categories = [category_key("cause", name) for name in order]
    return {
        "data": traces,
        "layout": style.layout(
            90 + 27 * len(order),
            meta={"opens": "cause_detail"},
            barmode="stack",
            bargap=0.3,
            xaxis=style.axis("@axis.failed_attempts", tickformat=",d"),
            yaxis=style.axis(showgrid=False, categoryorder="array", categoryarray=categories),
        ),
    }


def failure_breakdown(data: ReportData, dimension: str) -> Figure | None:
    """Failure rate with its interval per value; small samples hollow and grey."""
    rows = data.breakdown(dimension)
    if rows.is_empty():
        return None
    rows = rows.sort("attempts", descending=True, maintain_order=True).head(
        24 if dimension == "local_hour" else _VALUES_SHOWN
    )
    rows = order_dimension(rows, dimension)
    upright = dimension == "local_hour"
    if not upright:
        rows = rows.reverse()
    small = pl.col("attempts") < SMALL_SAMPLE
    parts = [
        (rows.filter(~small), "@series.rate", style.VERMILLION, "circle"),
        (rows.filter(small), "@series.rate_small", "$muted", "circle-open"),
    ]
    traces = [
        _interval_trace(
            part, _names(part, dimension, data.currency), label, colour, symbol, upright
        )
        for part, label, colour, symbol in parts
        if not part.is_empty()
    ]
    overall = overall_failure_rate(data) or 0.0
    names = _names(rows, dimension, data.currency)
    across, along = ("y", "x") if upright else ("x", "y")
    rate_axis = style.axis("@axis.failure_rate", tickformat=".0%", rangemode="tozero")
    name_axis = style.axis(
        showgrid=False,
        type="category",
        categoryorder="array",
        categoryarray=names,
        range=[-0.6, rows.height - 0.4],
        **({"dtick": 3, "tickangle": 0} if upright else {}),
    )
    return {
        "data": [*traces, style.line_for_legend("@series.overall")],
        "layout": style.layout(
            340 if upright else 104 + 30 * rows.height,
            shapes=[style.mark(across, overall)],
            **{f"{across}axis": rate_axis, f"{along}axis": name_axis},
        ),
    }


def failure_money(data: ReportData) -> Figure | None:
    """Recovered, lost and open amount per first failure's cause; together the amount at risk."""
    # Amounts that few people make are NULL: such a cause has no bar.
    rows = money_by_cause(data).filter(pl.col("amount_at_risk") > 0)
    rows = rows.drop_nulls("amount_open").head(12).reverse()
    if rows.is_empty():
        return None
    parts = [
        ("amount_recovered", "@series.recovered", style.Look(style.SKY, "", "", "")),
        ("amount_lost", "@series.lost", style.Look(style.VERMILLION, "", "/", "")),
        ("amount_open", "@series.open", style.Look("$muted", "", ".", "")),
    ]
    names = [category_key("cause", name) for name in rows["failure_category"]]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": label,
                "y": names,
                "x": rounded(rows[column], 2),
                "marker": style.bar_marker(look),
                "hovertemplate": "%{y}<br>%{fullData.name}: %{x:,.0f} "
                + data.currency
                + "<extra></extra>",
            }
            for column, label, look in parts
            if rows[column].sum() >= 1
        ],
        "layout": style.layout(
            90 + 27 * rows.height,
            barmode="stack",
            bargap=0.3,
            xaxis=style.axis(data.currency, tickformat="~s"),
            yaxis=style.axis(showgrid=False),
        ),
    }


def failure_drivers(data: ReportData) -> Figure | None:
    """Permutation importance with its spread; nothing when the model says it is not usable."""
    if data.drivers.is_empty() or not drivers_usable(data):
        return None
    rows = data.drivers.head(12).reverse()
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": "@series.importance",
                "y": [category_key("feature", name) for name in rows["feature"]],
                "x": rounded(rows["importance_mean"]),
                "error_x": _error_bar(rounded(rows["importance_sd"])),
                "marker": style.bar_marker(style.Look("$neutral", "", "", "")),
                "hovertemplate": "%{y}: %{x:.4f}<extra></extra>",
            }
        ],
        "layout": style.layout(
            76 + 27 * rows.height,
            legend=False,
            bargap=0.35,
            xaxis=style.axis("@axis.importance"),
            yaxis=style.axis(showgrid=False),
        ),
    }


def _names(rows: pl.DataFrame, dimension: str, currency: str) -> list[str]:
    return [dimension_token(dimension, value, currency) for value in rows["dimension_value"]]


def _interval_trace(
    rows: pl.DataFrame, names: list[str], label: str, colour: str, symbol: str, upright: bool
) -> dict[str, Any]:
    rates = rounded(rows["failure_rate"])
    error = _error_bar(
        rounded((rows["failure_rate_high"] - rows["failure_rate"]).clip(0)),
        rounded((rows["failure_rate"] - rows["failure_rate_low"]).clip(0)),
    ) | {"color": colour}
    across, along = ("y", "x") if upright else ("x", "y")
    return {
        "type": "scatter",
        "mode": "markers",
        "name": label,
        across: rates,
        along: names,
        f"error_{across}": error,
        "marker": {
            "color": colour,
            "size": 9,
            "symbol": symbol,
            "line": {"width": 1.5, "color": colour},
        },
        "customdata": rows.select("attempts", "failed").rows(),
        "hovertemplate": f"%{{{along}}}: %{{{across}:.1%}}<br>"
        "n = %{customdata[0]:,}<extra></extra>",
    }


def _error_bar(plus: list, minus: list | None = None) -> dict[str, Any]:
    bar: dict[str, Any] = {
        "type": "data",
        "array": plus,
        "color": "$muted",
        "thickness": 1.5,
        "width": 4,
    }
    return bar if minus is None else bar | {"symmetric": False, "arrayminus": minus}
