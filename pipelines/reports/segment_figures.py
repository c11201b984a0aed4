"""Charts about segments: their size and value, movement, cohorts, value tiers, proof.

What belongs here: plotly figures as plain dicts. What does not: wording, tables.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.reports import style
from pipelines.reports.data import SEGMENT_ORDER, ReportData
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import category_key

NOT_SEEN_YET = "not_seen_yet"
# Column, series and look of what people are against what they bring.
_SHARES = [
    ("share_of_net_amount", "@series.share_of_net", style.Look(style.ORANGE, "", "/", "")),
    ("share_of_users", "@series.share_of_users", style.Look("$neutral", "", "", "")),
]


def segment_shares(data: ReportData) -> Figure | None:
    """Share of users beside share of net amount, best segment on top."""
    rows = data.segments.reverse()
    if rows["share_of_users"].is_null().all():
        return None
    names = [category_key("segment", name) for name in rows["lifecycle_segment"]]
    return _pairs(names, rows, _SHARES)


def segment_movement(data: ReportData, month: date) -> Figure | None:
    """Heat map of a month: segment before (rows) and after (columns), by share of the row."""
    rows = data.movement.filter(pl.col("month_end") == month)
    if rows["share_of_from"].is_null().all():
        return None
    present = set(rows["from_segment"]) | set(rows["to_segment"])
    names = [name for name in (*SEGMENT_ORDER, NOT_SEEN_YET) if name in present]
    before = [name for name in names if name in set(rows["from_segment"])][::-1]
    after = [name for name in names if name in set(rows["to_segment"])]
    cells = {
        (row["from_segment"], row["to_segment"]): (row["share_of_from"], row["users"])
        for row in rows.rows(named=True)
    }
    shares = [[cells.get((y, x), (None, None))[0] for x in after] for y in before]
    users = [[cells.get((y, x), (None, None))[1] for x in after] for y in before]
    return {
        "data": [
            _heat(
                [category_key("segment", name) for name in after],
                [category_key("segment", name) for name in before],
                shares,
                1.0,
                customdata=users,
                text=[["" if n is None else f"{n:,}" for n in line] for line in users],
                texttemplate="%{text}",
                hovertemplate="%{y} → %{x}<br>%{z:.1%} (%{customdata:,})<extra></extra>",
            )
        ],
        "layout": style.layout(
            150 + 34 * len(before),
            legend=False,
            xaxis=style.axis("@axis.segment_after", showgrid=False, tickangle=-40, side="bottom"),
            yaxis=style.axis("@axis.segment_before", showgrid=False),
        ),
    }


def cohort_retention(data: ReportData) -> Figure | None:
    """Heat map: month of the first payment (rows), months since (columns), share still paying."""
    rows = data.retention.filter(pl.col("months_since") > 0)
    if rows.is_empty():
        return None
    months = rows["cohort_month"].unique().sort(descending=True).to_list()
    since = list(range(1, rows["months_since"].max() + 1))
    cells = {
        (row["cohort_month"], row["months_since"]): row["retained_share"]
        for row in rows.rows(named=True)
    }
    shares = [[cells.get((month, n)) for n in since] for month in months]
    return {
        "data": [
            _heat(
                [str(n) for n in since],
                [month.strftime("%Y-%m") for month in months],
                [[None if share is None else round(share, 4) for share in line] for line in shares],
                rows["retained_share"].max(),
                text=[["" if v is None else f"{v:.0%}" for v in line] for line in shares],
                texttemplate="%{text}" if len(since) <= 13 else None,
                hovertemplate="%{y} +%{x}<br>%{z:.1%}<extra></extra>",
            )
        ],
        "layout": style.layout(
            110 + 26 * len(months),
            legend=False,
            xaxis=style.axis("@axis.months_since", type="category", showgrid=False),
            yaxis=style.axis(type="category", showgrid=False),
        ),
    }


def value_tiers(data: ReportData) -> Figure | None:
    """Share of users beside share of net amount, the best tier on top."""
    rows = data.value_tiers.filter(pl.col("value_tier") != "none").reverse()
    if rows["share_of_users"].is_null().all():
        return None
    names = [category_key("value_tier", name) for name in rows["value_tier"]]
    return _pairs(names, rows, _SHARES)


def segment_proof(data: ReportData) -> Figure | None:
    """Predicted beside actual share of users who bought on held-out time, per segment."""
    rows = data.proof.drop_nulls("predicted_active_share").reverse()
    if rows.is_empty():
        return None
    names = [category_key("segment", name) for name in rows["lifecycle_segment"]]
    looks = [
        ("actual_active_share", "@series.actual", style.Look(style.BLUE, "", "", "")),
        ("predicted_active_share", "@series.predicted", style.Look(style.SKY, "", "/", "")),
    ]
    return _pairs(names, rows, looks)


def score_calibration(data: ReportData) -> Figure | None:
    """Predicted against actual share of buyers per tenth of probability; on the line is right."""
    rows = data.calibration
    if rows.is_empty():
        return None
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "@series.as_predicted",
                "x": [0, 1],
                "y": [0, 1],
                "line": {"color": "$muted", "dash": "dot", "width": 1.2},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "@series.actual",
                "x": rounded(rows["predicted_active_share"]),
                "y": rounded(rows["actual_active_share"]),
                "customdata": rows["users"].to_list(),
                "line": {"color": style.BLUE, "width": 2.2},
                "marker": {"symbol": "circle", "size": 8, "color": style.BLUE},
                "hovertemplate": "%{x:.1%} → %{y:.1%} (%{customdata:,})<extra></extra>",
            },
        ],
        "layout": style.layout(
            300,
            xaxis=style.axis("@axis.predicted_share", tickformat=".0%", range=[0, 1]),
            yaxis=style.axis("@axis.actual_share", tickformat=".0%", range=[0, 1]),
        ),
    }


def _pairs(
    names: list[str], rows: pl.DataFrame, looks: list[tuple[str, str, style.Look]]
) -> Figure:
    """Two horizontal bars per name; the second series is drawn above the first."""
    widest = max(rows[column].max() or 0 for column, _, _ in looks)
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": label,
                "y": names,
                "x": rounded(rows[column]),
                # Grouped bars run upwards: the legend says them in the order the eye meets them.
                "legendrank": rank,
                "marker": style.bar_marker(look),
                "text": ["" if v is None else f"{v:.0%}" for v in rows[column]],
                "textposition": "outside",
                "cliponaxis": False,
                "textfont": {"size": 11, "color": "$muted"},
                "hovertemplate": "%{y}<br>%{fullData.name}: %{x:.1%}<extra></extra>",
            }
            for rank, (column, label, look) in zip((2, 1), looks, strict=True)
        ],
        "layout": style.layout(
            70 + 40 * rows.height,
            barmode="group",
            bargap=0.28,
            bargroupgap=0.06,
            xaxis=style.axis(tickformat=".0%", range=[0, round(widest * 1.14, 4) or 1]),
            yaxis=style.axis(showgrid=False),
        ),
    }


def _heat(x: list[str], y: list[str], z: list, highest: float, **extra: object) -> dict:
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
        "showscale": False,
        "hoverongaps": False,
        "textfont": {"size": 11},
        **extra,
    }
