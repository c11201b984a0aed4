"""How a wallet, an outcome and a bare chart look, the same on every chart of every release.

What belongs here: colours, dashes, patterns, the common layout. What does not: data.

Strings starting with `$` name a CSS variable and `@` a catalogue key; the page's script puts the
theme's colour and the language's text in their place. So one figure serves both themes and both
languages, and its colours stay pinned to names, not to positions.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.reports.words import category_key

Figure = dict[str, Any]

# Passed to every Plotly.react call. plotly's own default shows a button that uploads the data.
PLOTLY_CONFIG = {
    "displayModeBar": False,
    "displaylogo": False,
    "plotlyServerURL": "",
    "responsive": True,
    "scrollZoom": False,
    "showEditInChartStudio": False,
    "showSendToCloud": False,
}

# Okabe-Ito, readable with every common colour blindness.
# The dark theme lifts the three deepest ones (see report.css), so lines stay above 3:1.
BLUE, GREEN, ORANGE, SKY = "$okabe-blue", "$okabe-green", "#E69F00", "#56B4E9"
PURPLE, VERMILLION, YELLOW = "#CC79A7", "$okabe-vermillion", "#F0E442"


@dataclass(frozen=True)
class Look:
    """Colour plus dash (lines), pattern (bars) and marker: colour is never the only cue."""

    colour: str
    dash: str
    pattern: str
    symbol: str


WALLET_LOOKS = {
    "alipay": Look(BLUE, "solid", "", "circle"),
    "wechat_pay": Look(GREEN, "dash", "/", "square"),
    "apple_pay": Look("$ink", "dot", ".", "diamond"),
    "google_pay": Look(ORANGE, "dashdot", "\\", "triangle-up"),
    "paypal": Look(SKY, "longdash", "x", "cross"),
    "stripe": Look(PURPLE, "longdashdot", "-", "star"),
    "adyen": Look(VERMILLION, "dot", "|", "hexagon"),
}
_OTHER_LOOKS = [
    Look(YELLOW, "solid", "+", "pentagon"),
    Look(PURPLE, "dash", "x", "bowtie"),
    Look(SKY, "dot", "\\", "hourglass"),
    Look("$muted", "dashdot", "|", "star-square"),
]


def wallet_look(wallet: str) -> Look:
    """The look pinned to a wallet; unknown ones get one by their name, stable between releases."""
    known = WALLET_LOOKS.get(wallet)
    return known or _OTHER_LOOKS[zlib.crc32(wallet.encode()) % len(_OTHER_LOOKS)]


def bar_marker(look: Look) -> dict[str, Any]:
    """Fill of a bar: the colour with its pattern laid over it."""
    return {
        "color": look.colour,
        "line": {"color": "$panel", "width": 1},
        "pattern": {
            "shape": look.pattern,
            "fillmode": "overlay",
            "fgcolor": "$pattern",
            "size": 6,
            "solidity": 0.22,
        },
    }


# Where the slowest takes this many times the quickest, a linear axis hides the quick ones.
_WIDE_RATIO = 30
# Hours -> catalogue key of a tick.
_DURATIONS = {
    1 / 3600: "second_1",
    10 / 3600: "seconds_10",
    1 / 60: "minute_1",
    10 / 60: "minutes_10",
    1.0: "hour_1",
    6.0: "hours_6",
    24.0: "day_1",
    168.0: "week_1",
    720.0: "days_30",
}

# For series that have no look of their own, such as operations of a service.
SERIES_LOOKS = [
    Look(BLUE, "solid", "", "circle"),
    Look(ORANGE, "dash", "/", "square"),
    Look(GREEN, "dot", ".", "diamond"),
    Look(PURPLE, "dashdot", "\\", "triangle-up"),
    Look(SKY, "longdash", "x", "cross"),
]


def of_wallet(wallet: str) -> dict[str, Any]:
    """What a wallet's trace is called, and by what the page's filter finds it."""
    return {"name": category_key("wallet", wallet), "meta": {"wallet": wallet}}


def lines_by_month(rows: pl.DataFrame, y: str, form: str, axis: dict[str, Any]) -> Figure:
    """A chart with one line per wallet over the months.

    Args:
        rows: columns month, wallet and the one named by `y`, in the order of the months.
        y: the column drawn.
        form: how a value is written under the pointer, such as `.1%`.
        axis: of the values.
    """
    rows = rows.with_columns(pl.col("month").dt.strftime("%Y-%m").alias("label"))
    traces = [_wallet_line(rows, wallet, y, form) for wallet in sorted(rows["wallet"].unique())]
    months = rows["label"].unique().sort().to_list()
    return {"data": traces, "layout": layout(300, xaxis=month_axis(months), yaxis=axis)}


def _wallet_line(rows: pl.DataFrame, wallet: str, y: str, form: str) -> dict[str, Any]:
    part, look = rows.filter(pl.col("wallet") == wallet), wallet_look(wallet)
    return of_wallet(wallet) | {
        "type": "scatter",
        "mode": "lines+markers",
        "x": part["label"].to_list(),
        "y": rounded(part[y]),
        "line": {"color": look.colour, "dash": look.dash, "width": 2.2},
        "marker": {"symbol": look.symbol, "size": 8, "color": look.colour},
        "hovertemplate": f"%{{x}}<br>%{{fullData.name}}: %{{y:{form}}}<extra></extra>",
    }


def quantile_line(
    rows: pl.DataFrame, wallet: str, x: str, y: str, quantile: str, width: float, symbol: str | None
) -> dict[str, Any]:
    """A wallet's line of one quantile (p50, p90, …) over hours or months.

    Args:
        rows: columns wallet, and those named by `x` and `y`.
        wallet: whose line; its name stands in the legend with the quantile.
        x, y: columns drawn.
        quantile: how it is called.
        width: of the line, in pixels.
        symbol: of its markers; None draws none.
    """
    part, look = rows.filter(pl.col("wallet") == wallet), wallet_look(wallet)
    return of_wallet(wallet) | {
        "type": "scatter",
        "mode": "lines+markers" if symbol else "lines",
        # Parts between " · " are looked up one by one by the script.
        "name": f"{category_key('wallet', wallet)} · {quantile}",
        "x": part[x].to_list(),
        "y": rounded(part[y], 2),
        "line": {"color": look.colour, "dash": look.dash, "width": width},
        "marker": {"symbol": symbol or "circle", "size": 6, "color": look.colour},
        "hovertemplate": "%{fullData.name}<br>%{x}: %{y:,.2~f}<extra></extra>",
    }


def error_bar(rows: pl.DataFrame, value: str, bounds: str, colour: str) -> dict[str, Any]:
    """The interval around a value: columns `<bounds>_low` and `<bounds>_high`."""
    return {
        "type": "data",
        "symmetric": False,
        "array": rounded(rows[f"{bounds}_high"] - rows[value]),
        "arrayminus": rounded(rows[value] - rows[f"{bounds}_low"]),
        "color": colour,
        "thickness": 1.5,
        "width": 4,
    }


def heat(
    x: list[str], y: list[str], z: list[list], *, title: str, form: str, below: int, **extra: Any
) -> dict[str, Any]:
    """Heat map with its scale under it; `below` is the height of the plot in pixels."""
    highest = max((v for line in z for v in line if v is not None), default=0)
    return {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": z,
        "zauto": False,
        "zmin": 0,
        "zmax": highest,
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, "$heat-low"], [1, "$heat-high"]],
        "colorbar": {
            "orientation": "h",
            "thickness": 9,
            "len": 0.7,
            "y": round(-42 / below, 3),
            "yanchor": "top",
            "tickformat": form,
            "outlinewidth": 0,
            "nticks": 5,
            "title": {"text": title, "side": "top", "font": {"size": 11}},
        },
        "hoverongaps": False,
        **extra,
    }


def mark(across: str, value: float) -> dict[str, Any]:
    """A dashed line across the plot, over bars too, at a value of the axis `across` (x or y)."""
    along = "y" if across == "x" else "x"
    return {
        "type": "line",
        f"{across}0": value,
        f"{across}1": value,
        f"{along}ref": "paper",
        f"{along}0": 0,
        f"{along}1": 1,
        "line": {"color": "$ink", "width": 1.5, "dash": "dash"},
        "layer": "above",
    }


def line_for_legend(name: str) -> dict[str, Any]:
    """An empty trace that explains the dashed line of `mark`."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [None],
        "y": [None],
        "line": {"color": "$ink", "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }


def month_axis(months: list[str]) -> dict[str, Any]:
    """Months as categories, in order."""
    return axis(
        type="category", showgrid=False, categoryorder="array", categoryarray=months, nticks=8
    )


def duration_axis(quickest: float | None, slowest: float | None) -> dict[str, Any]:
    """Hours; where minutes stand beside days, a logarithmic axis between two known durations.

    Args:
        quickest, slowest: the smallest and largest value drawn, in hours; None where there is none.
    """
    if not quickest or not slowest or slowest / quickest <= _WIDE_RATIO:
        return axis("@axis.hours", rangemode="tozero")
    ticks = [*_DURATIONS]
    first = max([tick for tick in ticks if tick <= quickest], default=ticks[0])
    last = min([tick for tick in ticks if tick >= slowest], default=ticks[-1])
    shown = [tick for tick in ticks if first <= tick <= last]
    return axis(
        "@axis.duration_log",
        type="log",
        range=[round(math.log10(first) - 0.05, 3), round(math.log10(last) + 0.05, 3)],
        tickvals=[round(tick, 6) for tick in shown],
        ticktext=[f"@duration.{_DURATIONS[tick]}" for tick in shown],
    )


def axis(title: str | None = None, **extra: Any) -> dict[str, Any]:
    """A quiet axis: thin grid, room for its labels, no dragging."""
    base: dict[str, Any] = {
        "automargin": True,
        "fixedrange": True,
        "gridcolor": "$grid",
        "ticks": "",
        "ticklabelstandoff": 4,
        "zerolinecolor": "$axis",
        "zerolinewidth": 1,
    }
    if title:
        base["title"] = {"text": title, "standoff": 8, "font": {"size": 11, "color": "$muted"}}
    return base | extra


def layout(height: int, *, legend: bool = True, **extra: Any) -> dict[str, Any]:
    """Layout shared by all charts: transparent, legend in a row below, colours from the page."""
    return {
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "$font", "size": 12, "color": "$ink"},
        "margin": {"l": 8, "r": 22, "t": 10, "b": 44 if legend else 20, "pad": 4},
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "$panel", "bordercolor": "$axis", "font": {"color": "$ink"}},
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "xref": "container",
            "x": 0.5,
            "xanchor": "center",
            "traceorder": "normal",
        },
        **extra,
    }


def rounded(values: pl.Series, digits: int = 5) -> list[float | None]:
    """Numbers short enough to embed and equal on every machine."""
    return values.cast(pl.Float64).round(digits).to_list()
