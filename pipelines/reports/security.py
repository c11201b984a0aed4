"""Security: are large payments and new devices checked twice, and what was stopped.

What belongs here: sentences, charts and tables of security. What does not: other failures.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.reports import style
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.style import Figure, rounded
from pipelines.reports.tables import Table, make_table
from pipelines.reports.words import Words, category_key

SLICES = ("every_payment", "large_amount", "new_device", "large_amount_on_new_device")
# Causes of failure that are a check at work.
STOPPED_BY = (
    "suspected_fraud",
    "authentication_failed",
    "authentication_required",
    "account_restricted",
    "blocked_payment_method",
)


def months(data: ReportData) -> list[date]:
    """Months of which the log tells whether there was a step-up, the newest first."""
    return data.step_up["month"].unique().sort(descending=True).to_list()


def headline_month(data: ReportData, given: list[date]) -> int:
    """Position of the headline month."""
    return given.index(data.month) if data.month in given else 0


def coverage(data: ReportData, month: date) -> pl.DataFrame:
    """Slices of a month, all wallets together: slice, attempts_told, attempts_stepped_up, share."""
    rows = data.step_up.filter(pl.col("month") == month)
    return (
        rows.group_by("slice")
        .agg(pl.col("attempts_told", "attempts_stepped_up").sum(), pl.col("large_amount").max())
        .with_columns((pl.col("attempts_stepped_up") / pl.col("attempts_told")).alias("share"))
    )


def step_up(data: ReportData, words: Words, month: date) -> str:
    """How many large payments and payments on new devices passed a second check."""
    found = {row["slice"]: row for row in coverage(data, month).rows(named=True)}
    sentences = []
    for slice_ in SLICES[1:]:
        row = found.get(slice_)
        if row is None or row["attempts_told"] < SMALL_SAMPLE:
            continue
        sentences.append(
            words.text(
                f"reading.step_up_{slice_}",
                share=words.percent(row["share"]),
                n=words.number(row["attempts_told"]),
                amount=words.money(row["large_amount"], data.currency),
            )
        )
    if not sentences:
        return words.text("reading.step_up_small", month=words.month(month))
    return words.sentences(words.text("reading.step_up", month=words.month(month)), *sentences)


def no_step_up(data: ReportData, words: Words) -> str:
    """Said when the log does not tell, or too few people paid."""
    return words.text("reading.step_up_empty" if data.has_attempt_log else "reading.causes_empty")


def finding(data: ReportData, words: Words) -> str:
    """Step-up in the headline month."""
    given = months(data)
    if not given:
        return no_step_up(data, words)
    return step_up(data, words, given[headline_month(data, given)])


def step_up_figure(data: ReportData, month: date) -> Figure | None:
    """Coverage by slice and wallet with its interval."""
    rows = data.step_up.filter(pl.col("month") == month)
    traces = []
    for wallet in sorted(rows["wallet"].unique()):
        part, look = rows.filter(pl.col("wallet") == wallet), style.wallet_look(wallet)
        part = part.sort(pl.col("slice").replace_strict({s: i for i, s in enumerate(SLICES)}))
        traces.append(
            style.of_wallet(wallet)
            | {
                "type": "bar",
                "x": [category_key("slice", name) for name in part["slice"]],
                "y": rounded(part["step_up_coverage"]),
                "marker": style.bar_marker(look),
                "error_y": style.error_bar(part, "step_up_coverage", "step_up_coverage", "$muted"),
                "hovertemplate": "%{x}<br>%{fullData.name}: %{y:.1%}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            350,
            barmode="group",
            bargap=0.3,
            xaxis=style.axis(
                showgrid=False,
                type="category",
                categoryorder="array",
                categoryarray=[category_key("slice", name) for name in SLICES],
            ),
            yaxis=style.axis("@axis.step_up", tickformat=".0%", rangemode="tozero"),
        ),
    }


def step_up_table(data: ReportData, month: date) -> Table:
    """One row per slice and wallet."""
    rows = data.step_up.filter(pl.col("month") == month)
    columns = "slice wallet users paid_attempts attempts_told step_up_coverage "
    return make_table(
        rows, columns + "step_up_coverage_low step_up_coverage_high large_amount", "attempts_told"
    )


def stopped(data: ReportData, words: Words) -> str:
    """How many attempts a check stopped."""
    rows = _stopped(data)
    if rows.is_empty():
        return words.text(
            "reading.stopped_empty" if data.has_attempt_log else "reading.causes_empty"
        )
    by_cause = rows.group_by("failure_category").agg(pl.col("failed").sum())
    top = by_cause.sort("failed", "failure_category", descending=[True, False]).row(0, named=True)
    return words.text(
        "reading.stopped" if by_cause.height > 1 else "reading.stopped_one",
        n=words.number(rows["failed"].sum()),
        cause=words.in_sentence(words.label("cause", top["failure_category"])),
        top=words.number(top["failed"]),
    )


def stopped_table(data: ReportData) -> Table:
    """One row per wallet and cause."""
    columns = "failure_category wallet failed users failure_rate rate_low rate_high"
    return make_table(_stopped(data), columns, "failed")


def _stopped(data: ReportData) -> pl.DataFrame:
    rows = data.breakdown("wallet", None).filter(pl.col("failure_category").is_in(STOPPED_BY))
    names = {
        "dimension_value": "wallet",
        "failure_rate_low": "rate_low",
        "failure_rate_high": "rate_high",
    }
    return rows.rename(names).sort(
        "failed", "wallet", "failure_category", descending=[True, False, False]
    )
