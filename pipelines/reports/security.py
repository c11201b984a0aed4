"""Security: are large payments and new devices checked twice, what was stopped, what is suspicious.

What belongs here: sentences, charts and tables of security. What does not: other failures.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.dimensions import order_dimension, with_values
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import Words

SLICES = ("every_payment", "large_amount", "new_device", "large_amount_on_new_device")
# Causes of failure that are a check at work.
STOPPED_BY = (
    "suspected_fraud",
    "authentication_failed",
    "authentication_required",
    "account_restricted",
    "blocked_payment_method",
)


def dimensions(data: ReportData) -> list[str]:
    """Dimensions with at least two values, wallets first."""
    rows = data.step_up.filter(pl.col("dimension") != "all")
    counts = rows.group_by("dimension").agg(pl.col("dimension_value").n_unique())
    names = counts.filter(pl.col("dimension_value") > 1)["dimension"].sort(descending=True)
    return names.to_list()


def finding(data: ReportData, words: Words) -> str:
    """How many large payments and payments on new devices passed a second check."""
    rows = data.step_up.filter(pl.col("dimension") == "all")
    if rows.is_empty():
        key = "reading.step_up_empty" if data.has_attempt_log else "reading.causes_empty"
        return words.text(key)
    found = {row["slice"]: row for row in rows.rows(named=True)}
    sentences = []
    for slice_ in SLICES[1:]:
        row = found.get(slice_)
        if row is None or (row["attempts_told"] or 0) < SMALL_SAMPLE:
            continue
        sentences.append(
            words.text(
                f"reading.step_up_{slice_}",
                share=words.percent(row["step_up_coverage"]),
                n=words.number(row["attempts_told"]),
            )
        )
    large = found.get("large_amount")
    if large and sentences and large["amount_without_step_up"]:
        amount = words.money(large["amount_without_step_up"], data.currency)
        sentences.append(words.text("reading.step_up_open", amount=amount))
    if not sentences:
        return words.text("reading.step_up_small")
    return words.sentences(words.text("reading.step_up"), *sentences)


def step_up(data: ReportData, words: Words, _: str) -> str:
    """The same whatever it is broken down by: the chart shows where it differs."""
    return finding(data, words)


def step_up_figure(data: ReportData, dimension: str) -> Figure | None:
    """Coverage with its interval: by slice for each wallet, else by value for each slice."""
    rows = data.step_up.filter(pl.col("dimension") == dimension).drop_nulls("step_up_coverage")
    place = pl.col("slice").replace_strict({s: i for i, s in enumerate(SLICES)}, default=9)
    rows = order_dimension(rows, dimension) if dimension == "amount_band" else rows
    rows = rows.sort(place, maintain_order=True)
    rows = with_values(rows, dimension, data.currency).with_columns(
        ("@slice." + pl.col("slice")).alias("slice_name")
    )
    traces = []
    if dimension == "wallet":
        for wallet in sorted(rows["dimension_value"].unique()):
            part = rows.filter(pl.col("dimension_value") == wallet)
            bar = _bars(part, "slice_name", style.wallet_look(wallet))
            traces.append(style.of_wallet(wallet) | bar)
    else:
        for slice_, look in zip(SLICES, style.SERIES_LOOKS, strict=False):
            part = rows.filter(pl.col("slice") == slice_)
            if not part.is_empty():
                traces.append({"name": f"@slice.{slice_}"} | _bars(part, "value", look))
    across = rows["slice_name" if dimension == "wallet" else "value"].unique(maintain_order=True)
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
                categoryarray=across.to_list(),
            ),
            yaxis=style.axis("@axis.step_up", tickformat=".0%", rangemode="tozero"),
        ),
    }


def _bars(rows: pl.DataFrame, across: str, look: style.Look) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": rows[across].to_list(),
        "y": rounded(rows["step_up_coverage"]),
        "marker": style.bar_marker(look),
        "error_y": style.error_bar(rows, "step_up_coverage", "step_up_coverage", "$muted"),
        "hovertemplate": "%{x}<br>%{fullData.name}: %{y:.1%}<extra></extra>",
    }


def step_up_table(data: ReportData, dimension: str) -> Table:
    """One row per slice and value."""
    rows = data.step_up.filter(pl.col("dimension") == dimension)
    rows = with_values(rows, dimension, data.currency)
    if dimension == "wallet":
        rows = rows.rename({"dimension_value": "wallet"})
    first = "wallet" if dimension == "wallet" else "value"
    return make_table(
        rows,
        f"slice {first} users paid_attempts attempts_told step_up_coverage step_up_coverage_low "
        "step_up_coverage_high users_without_step_up amount_without_step_up",
        "attempts_told",
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


def suspicious(data: ReportData, words: Words) -> str:
    """How many payments some rule names, and which names most."""
    total, rules = _rules(data)
    if total is None:
        known = data.has_attempt_log or data.has_bills
        return words.text("reading.suspicious_none" if known else "reading.headline_empty")
    sentence = words.text(
        "reading.suspicious",
        n=words.number(total["suspicious_cases"]),
        users=words.number(total["users"]),
        amount=words.money(total["suspicious_amount"] or 0, data.currency),
        day=words.number(total["cases_per_day"], 1),
    )
    if rules.is_empty():
        return sentence
    top = rules.row(0, named=True)
    note = words.text(
        "reading.suspicious_most",
        rule=words.in_sentence(words.label("risk_rule", top["rule_id"])),
        n=words.number(top["suspicious_cases"]),
    )
    return words.sentences(sentence, note)


def suspicious_figure(data: ReportData) -> Figure | None:
    """Payments that each rule names; a payment may be named by several."""
    _, rules = _rules(data)
    if rules.is_empty():
        return None
    rules = rules.reverse()
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": [f"@risk_rule.{name}" for name in rules["rule_id"]],
                "x": rules["suspicious_cases"].to_list(),
                "marker": {"color": style.VERMILLION},
                "hovertemplate": "%{y}: %{x:,}<extra></extra>",
            }
        ],
        "layout": style.layout(
            70 + 30 * rules.height,
            legend=False,
            bargap=0.3,
            xaxis=style.axis("@axis.suspicious", tickformat=",d", rangemode="tozero"),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def suspicious_table(data: ReportData) -> Table:
    """One row per rule that names payments of enough people, all together first."""
    return make_table(
        data.risk_rules,
        "rule_id suspicious_cases users suspicious_amount cases_per_day rule_precision "
        "rule_precision_low rule_precision_high",
        "suspicious_cases",
    )


def _rules(data: ReportData) -> tuple[dict[str, Any] | None, pl.DataFrame]:
    """The row of all rules together, and those of single rules."""
    total = data.risk_rules.filter(pl.col("rule_id") == "any")
    rules = data.risk_rules.filter(pl.col("rule_id") != "any")
    return (None if total.is_empty() else total.row(0, named=True)), rules
