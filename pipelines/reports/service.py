"""Support and feedback: how fast tickets are answered, what they are about, what people answer.

What belongs here: sentences, charts and tables of these. What does not: failures and refunds that
tickets are about.
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.style import Figure
from pipelines.reports.words import Words, category_key

# Survey -> what of its answers is shown, and how it is written.
SURVEYS = {
    "csat": ("satisfaction_rate", ".0%"),
    "nps": ("net_promoter_score", "+.0f"),
    "ces": ("mean_score_share", ".0%"),
}


# Dimension of tickets -> how the most frequent value is told.
_MOST = {"topic": "reading.topics", "support_channel": "reading.topics_by_channel"}


def speed(data: ReportData, words: Words) -> str:
    """Tickets of the newest month shown, and how long people waited."""
    rows = _months(data)
    if rows.is_empty():
        return words.text("reading.support_empty")
    row = rows.row(-1, named=True)
    if row["first_response_hours_p50"] is None:
        return words.text(
            "reading.support_unanswered",
            month=words.month(row["month"]),
            n=words.number(row["tickets"]),
        )
    return words.text(
        "reading.support" if row["tickets"] >= SMALL_SAMPLE else "reading.support_small",
        month=words.month(row["month"]),
        n=words.number(row["tickets"]),
        p50=words.duration(row["first_response_hours_p50"]),
        p90=words.duration(row["first_response_hours_p90"]),
        resolved=words.percent(row["ticket_resolution_rate"]),
    )


def speed_figure(data: ReportData) -> Figure | None:
    """Hours to the first answer and to the resolution, by month: median and 90th percentile."""
    rows = _months(data).with_columns(pl.col("month").dt.strftime("%Y-%m").alias("label"))
    if rows.is_empty():
        return None
    lines = [
        ("first_response_hours_p50", "@series.first_answer · p50", style.BLUE, "dot"),
        ("first_response_hours_p90", "@series.first_answer · p90", style.BLUE, "solid"),
        ("resolution_hours_p50", "@series.resolution · p50", style.ORANGE, "dot"),
        ("resolution_hours_p90", "@series.resolution · p90", style.ORANGE, "solid"),
    ]
    drawn = pl.concat([rows[column].alias("hours") for column, *_ in lines])
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": rows["label"].to_list(),
            "y": style.rounded(rows[column], 4),
            "line": {"color": colour, "dash": dash, "width": 2},
            "marker": {"size": 7},
            "hovertemplate": "%{fullData.name}<br>%{x}: %{y:,.3~g} h<extra></extra>",
        }
        for column, name, colour, dash in lines
    ]
    return {
        "data": traces,
        "layout": style.layout(
            330,
            xaxis=style.month_axis(rows["label"].to_list()),
            yaxis=style.duration_axis(drawn.min(), drawn.max()),
        ),
    }


def speed_table(data: ReportData) -> Table:
    """One row per month, the newest first."""
    columns = "month users tickets ticket_response_rate ticket_resolution_rate "
    return make_table(
        _months(data).reverse(),
        columns + "first_response_hours_p50 first_response_hours_p90 resolution_hours_p50 "
        "resolution_hours_p90",
        "tickets",
    )


def dimensions(data: ReportData) -> list[str]:
    """Dimensions with at least two values in any month, topics first."""
    rows = data.support.filter(pl.col("dimension") != "all")
    counts = rows.group_by("dimension", maintain_order=True).agg(
        pl.col("dimension_value").n_unique()
    )
    return (
        counts.filter(pl.col("dimension_value") > 1)
        .sort(pl.col("dimension") != "topic", maintain_order=True)["dimension"]
        .to_list()
    )


def by_value(data: ReportData, dimension: str) -> pl.DataFrame:
    """Rows of the newest month that shows this dimension, the most tickets first."""
    rows = data.support.filter(pl.col("dimension") == dimension)
    rows = rows.filter(pl.col("month") == pl.col("month").max())
    group = {"wallet": "wallet"}.get(dimension, dimension)
    tokens = [category_key(group, value) for value in rows["dimension_value"]]
    return rows.with_columns(pl.Series("value", tokens, pl.String)).sort(
        "tickets", "value", descending=[True, False]
    )


def topics(data: ReportData, words: Words, dimension: str) -> str:
    """What most tickets are about or how they came, and where people waited longest."""
    rows = by_value(data, dimension)
    most = rows.row(0, named=True)
    sentence = words.text(
        _MOST.get(dimension, "reading.topics_of"),
        month=words.month(most["month"]),
        value=words.token(most["value"]),
        n=words.number(most["tickets"]),
        share=words.percent(most["tickets"] / rows["tickets"].sum(), 0),
    )
    timed = rows.drop_nulls("first_response_hours_p90").filter(pl.col("tickets") >= SMALL_SAMPLE)
    if timed.height < 2:
        return sentence
    slow = timed.sort("first_response_hours_p90", "value", descending=[True, False]).row(
        0, named=True
    )
    note = words.text(
        "reading.topics_slow",
        value=words.token(slow["value"]),
        p90=words.duration(slow["first_response_hours_p90"]),
    )
    return words.sentences(sentence, note)


def no_topics(_: ReportData, words: Words) -> str:
    """Said when no breakdown has enough people."""
    return words.text("reading.topics_empty")


def topics_figure(data: ReportData, dimension: str) -> Figure | None:
    """Tickets per value."""
    rows = by_value(data, dimension).reverse()
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": rows["value"].to_list(),
                "x": rows["tickets"].to_list(),
                "marker": {"color": style.BLUE},
                "hovertemplate": "%{y}: %{x:,}<extra></extra>",
            }
        ],
        "layout": style.layout(
            70 + 30 * rows.height,
            legend=False,
            bargap=0.3,
            xaxis=style.axis("@axis.tickets", tickformat=",d"),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def topics_table(data: ReportData, dimension: str) -> Table:
    """One row per value."""
    columns = "value users tickets ticket_response_rate ticket_resolution_rate "
    return make_table(
        by_value(data, dimension),
        columns + "first_response_hours_p50 first_response_hours_p90 resolution_hours_p50",
        "tickets",
    )


def surveys(data: ReportData) -> list[str]:
    """Surveys with answers of enough people."""
    present = set(data.satisfaction["survey"])
    return [survey for survey in SURVEYS if survey in present]


def satisfaction(data: ReportData, words: Words, survey: str) -> str:
    """The newest month's answers by wallet, best and worst."""
    rows = data.satisfaction.filter(pl.col("survey") == survey)
    rows = rows.filter(pl.col("month") == pl.col("month").max())
    column, _ = SURVEYS[survey]
    rows = rows.sort(column, "wallet", descending=[True, False], nulls_last=True)
    best, worst = rows.row(0, named=True), rows.row(-1, named=True)
    values = {
        "month": words.month(best["month"]),
        "survey": words.label("survey", survey),
        "best": words.label("wallet", best["wallet"]),
        "value": _written(words, survey, best[column]),
        "worst": words.label("wallet", worst["wallet"]),
        "worst_value": _written(words, survey, worst[column]),
        "n": words.number(rows["answers"].sum()),
    }
    sentence = words.text("reading.survey_one" if rows.height == 1 else "reading.survey", **values)
    if rows["answers"].min() >= SMALL_SAMPLE:
        return sentence
    return words.sentences(sentence, words.text("reading.survey_small"))


def no_satisfaction(_: ReportData, words: Words) -> str:
    """Said when no survey was read, or too few people answered."""
    return words.text("reading.survey_empty")


def _written(words: Words, survey: str, value: float | None) -> str:
    if value is None:
        return words.text("ui.none")
    return words.number(value) if survey == "nps" else words.percent(value, 0)


def satisfaction_figure(data: ReportData, survey: str) -> Figure | None:
    """The survey's measure by month and wallet."""
    column, form = SURVEYS[survey]
    rows = data.satisfaction.filter(pl.col("survey") == survey).sort("wallet", "month")
    axis = style.axis(f"@survey.{survey}", tickformat=form)
    return style.lines_by_month(rows, column, form, axis)


def satisfaction_table(data: ReportData, survey: str) -> Table:
    """One row per month and wallet, the newest first."""
    rows = data.satisfaction.filter(pl.col("survey") == survey)
    rows = rows.sort("month", "wallet", descending=[True, False])
    own = {
        "csat": "satisfaction_rate satisfaction_rate_low satisfaction_rate_high",
        "nps": "net_promoter_score",
        "ces": "",
    }
    return make_table(rows, f"month wallet users answers mean_score_share {own[survey]}", "answers")


def _months(data: ReportData) -> pl.DataFrame:
    return data.support.filter(pl.col("dimension") == "all").sort("month")
