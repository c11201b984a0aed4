"""Charts: from the data object to plotly figure dicts ({"data": [...], "layout": {...}}).

What belongs here: pure functions, one per chart, None where there is nothing to draw. What does
not: charts of failures (`failure_figures`), titles and sentences (they are HTML), languages and
themes (see `style` for the tokens), I/O.
Only trace types of plotly's cartesian bundle may be used.
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.data import NAMED_HOUR, SMALL_SAMPLE, ReportData
from pipelines.reports.style import Figure, rounded
from pipelines.reports.tables import rolling_week
from pipelines.reports.words import category_key
from pipelines.warehouse.metric_ratios import ratio

_HOURS = pl.DataFrame({"local_hour": list(range(24))})


def daily_success(data: ReportData) -> Figure | None:
    """Success rate over 7 days per wallet above, attempts per day below, on one time axis."""
    rows = rolling_week(data.daily)
    if rows.is_empty():
        return None
    traces = []
    for wallet in sorted(rows["wallet"].unique()):
        part, look = rows.filter(pl.col("wallet") == wallet), style.wallet_look(wallet)
        shared = {
            "name": category_key("wallet", wallet),
            # The page's filters find the wallet and the days by it.
            "meta": {"wallet": wallet, "days": True},
            "x": [day.isoformat() for day in part["business_date"]],
            "legendgroup": wallet,
        }
        traces.append(
            shared
            | {
                "type": "scatter",
                "mode": "lines",
                "y": rounded(part["rolling_rate"]),
                "line": {"color": look.colour, "dash": look.dash, "width": 2.2},
                "hovertemplate": "%{x|%Y-%m-%d}<br>%{fullData.name}: %{y:.1%}<extra></extra>",
            }
        )
        traces.append(
            shared
            | {
                "type": "bar",
                "yaxis": "y2",
                "y": part["attempts"].to_list(),
                "marker": {"color": look.colour, "opacity": 0.75},
                "showlegend": False,
                "hovertemplate": "%{x|%Y-%m-%d}<br>%{fullData.name}: %{y:,}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            420,
            barmode="stack",
            bargap=0.15,
            xaxis=style.axis(
                type="date", tickformat="%m-%d", nticks=8, anchor="y2", showgrid=False
            ),
            yaxis=style.axis("@axis.success_rate", tickformat=".1~%", domain=[0.36, 1]),
            yaxis2=style.axis("@axis.attempts", tickformat="~s", domain=[0, 0.27], nticks=4),
        ),
    }


def hour_failures(data: ReportData) -> Figure | None:
    """Heat map wallet x hour of the failure rate; cells below the small-sample limit stay empty."""
    rows = data.hourly.with_columns((pl.col("succeeded") + pl.col("failed")).alias("resolved"))
    rows = rows.filter(pl.col("resolved") >= SMALL_SAMPLE).with_columns(
        ratio("failure_rate").expression().round(4).alias("rate")
    )
    if rows.is_empty():
        return None
    grid = (
        rows.pivot("wallet", index="local_hour", values="rate")
        .join(_HOURS, on="local_hour", how="right")
        .sort("local_hour")
    )
    wallets = sorted(set(grid.columns) - {"local_hour"}, reverse=True)
    return {
        "data": [
            style.heat(
                [f"{hour:02d}" for hour in range(24)],
                [category_key("wallet", wallet) for wallet in wallets],
                [grid[wallet].to_list() for wallet in wallets],
                title="@axis.failure_rate",
                form=".0%",
                below=74 + 40 * len(wallets),
                hovertemplate="%{y} %{x}:00<br>%{z:.1%}<extra></extra>",
                # One row per wallet: the page's filter leaves rows out.
                meta={"wallets": wallets},
            )
        ],
        "layout": style.layout(
            170 + 40 * len(wallets),
            legend=False,
            margin={"l": 8, "r": 14, "t": 10, "b": 96, "pad": 4},
            xaxis=style.axis(type="category", showgrid=False, nticks=12, tickangle=0),
            yaxis=style.axis(showgrid=False),
        ),
    }


def hour_latency(data: ReportData) -> Figure | None:
    """Response time by hour: median (thin) and 95th percentile (bold) per wallet.

    Hours with few attempts are gaps; of fewer than NAMED_HOUR five or less make the percentile.
    """
    rows = data.hourly.filter(pl.col("latency_p95_ms").is_not_null())
    rows = rows.filter(pl.col("attempts") >= SMALL_SAMPLE)
    if rows.is_empty():
        return None
    hours = rows.select("wallet").unique().join(_HOURS, how="cross")
    rows = (
        hours.join(rows, on=["wallet", "local_hour"], how="left")
        .with_columns(pl.when(pl.col("attempts") >= NAMED_HOUR).then("latency_p95_ms"))
        .sort("wallet", "local_hour")
    )
    quantiles = [
        ("latency_p50_ms", "p50", 1.4, "circle-open"),
        ("latency_p95_ms", "p95", 2.4, None),
    ]
    traces = [
        style.quantile_line(rows, wallet, "local_hour", column, name, width, symbol)
        for wallet in sorted(rows["wallet"].unique())
        for column, name, width, symbol in quantiles
    ]
    return {
        "data": traces,
        "layout": style.layout(
            330,
            xaxis=style.axis(
                "@axis.hour", showgrid=False, zeroline=False, dtick=3, range=[-0.5, 23.5]
            ),
            yaxis=style.axis("@axis.latency", rangemode="tozero", tickformat=",d"),
        ),
    }
