"""How a wallet, an outcome and a bare chart look, the same on every chart of every release.

What belongs here: colours, dashes, patterns, the common layout. What does not: data.

Strings starting with `$` name a CSS variable and `@` a catalogue key; the page's script puts the
theme's colour and the language's text in their place. So one figure serves both themes and both
languages, and its colours stay pinned to names, not to positions.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import polars as pl

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
        "margin": {"l": 8, "r": 14, "t": 10, "b": 44 if legend else 20, "pad": 4},
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
