"""What the data says about segments beyond their size, and their rules in words.

What belongs here: sentences on movement, cohorts, value, payment states and proof, the rules of
segments and clusters as phrases, and what the script makes cards of segments from. What does not:
the segments' sizes (`readings`), charts, HTML.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import polars as pl

from pipelines.reports.catalogue import LANGUAGES
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.segment_figures import NOT_SEEN_YET
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio

_CONDITION = re.compile(r"(\w+) (>|<=) ([-+.\de]+)")
# Features that only take whole numbers: "> 30.5" is said as "from 31 on".
_WHOLE = {"recency_days", "paid_orders", "tenure_days"}
_SHARES = {
    "refund_rate_smoothed",
    "failure_rate_smoothed",
    "discount_rate_smoothed",
    "active_month_share",
    "weekend_share_smoothed",
}
_MONEY = {"net_amount", "median_ticket"}
# Below this share of agreement rules are called approximate.
_GOOD_FIDELITY = 0.85


def segment_rule(row: dict, words: Words) -> str:
    """The bounds of a segment as a sentence, such as "One order, last paid within 14 days."."""
    first, last = row["recency_days_from"], row["recency_days_to"]
    key = "days_from" if last is None else "days_to" if first == 0 else "days_between"
    days = words.text(f"rule.{key}", first=words.number(first), last=words.number(last or 0))
    least, most = row["orders_from"], row["orders_to"]
    if most is None:
        key = "orders_from"
    elif least == most:
        key = "order_one" if least == 1 else "orders_exactly"
    else:
        key = "orders_between"
    orders = words.text(f"rule.{key}", least=words.number(least), most=words.number(most or 0))
    return words.text("rule.segment", orders=orders, days=days)


def segment_rules(data: ReportData, words: Words) -> dict[str, str]:
    """Lifecycle segment -> its rule as a sentence."""
    return {
        row["lifecycle_segment"]: segment_rule(row, words)
        for row in data.lifecycle_rules.rows(named=True)
    }


def cluster_rule(rule_sql: str, data: ReportData, words: Words) -> str:
    """A rule of the tree in words: each feature with its bounds in everyday units."""
    bounds: dict[str, dict[str, float]] = {}
    for feature, sign, value in _CONDITION.findall(rule_sql):
        bounds.setdefault(feature, {})[sign] = float(value)
    phrases = []
    for feature, limits in bounds.items():
        low, high = limits.get(">"), limits.get("<=")
        if feature in _WHOLE:
            low = None if low is None else float(int(low) + 1)
            high = None if high is None else float(int(high))
        key = "above" if high is None else "below" if low is None else "between"
        phrases.append(
            words.text(
                f"rule.feature_{key}",
                feature=words.label("natural", feature),
                low=_value(feature, low, data, words),
                high=_value(feature, high, data, words),
            )
        )
    return words.listing(phrases) if phrases else words.text("rule.everybody")


def segment_people(data: ReportData) -> dict[str, Any]:
    """What the script draws a card per segment from: its size, its value and its rule in words."""
    columns = ("lifecycle_segment", "users", "share_of_users", "share_of_net_amount")
    rules = {language: segment_rules(data, Words(language)) for language in LANGUAGES}
    segments = data.segments.select(columns).rows(named=True)
    return {"kind": "people", "segments": segments, "rules": rules}


def audiences(data: ReportData, words: Words) -> str:
    """How an audience list is taken away."""
    empty = data.segments.is_empty()
    return words.text("reading.segments_empty" if empty else "reading.audiences")


def audience_example(data: ReportData) -> dict[str, Any] | None:
    """The segment that the command for an audience list is first shown with."""
    names = data.segments["lifecycle_segment"].to_list()
    first = "at_risk" if "at_risk" in names else next(iter(names), None)
    return {"kind": "audience", "segment": first} if first else None


def no_movement(_: ReportData, words: Words) -> str:
    """Said when no month has moves of enough people."""
    return words.text("reading.movement_empty")


def movement(data: ReportData, words: Words, month: date) -> str:
    """The largest move of a month, and how many of the best stayed."""
    rows = data.movement.filter(pl.col("month_end") == month)
    moved = rows.filter(
        (pl.col("from_segment") != pl.col("to_segment")) & (pl.col("from_segment") != NOT_SEEN_YET)
    ).sort("users", "from_segment", "to_segment", descending=[True, False, False])
    sentences = []
    if not moved.is_empty():
        row = moved.row(0, named=True)
        told = {
            "month": words.month(month),
            "before": words.label("segment", row["from_segment"]),
            "after": words.label("segment", row["to_segment"]),
            "users": words.number(row["users"]),
        }
        if row["share_of_from"] is None:
            sentences.append(words.text("reading.movement_count", **told))
        else:
            share = words.percent(row["share_of_from"])
            sentences.append(words.text("reading.movement", share=share, **told))
    stayed = rows.filter(
        (pl.col("from_segment") == "champions") & (pl.col("to_segment") == "champions")
    ).drop_nulls("share_of_from")
    if not stayed.is_empty():
        share = words.percent(stayed["share_of_from"][0])
        sentences.append(words.text("reading.movement_champions", share=share))
    return words.sentences(*sentences) or words.text("reading.movement_empty")


def retention(data: ReportData, words: Words) -> str:
    """How many come back a month after their first payment, over all cohorts shown."""
    rows = data.retention.filter(pl.col("months_since") == 1)
    if rows.is_empty():
        return words.text("reading.retention_empty")
    best = rows.sort("retained_share", "cohort_month", descending=True).row(0, named=True)
    worst = rows.sort("retained_share", "cohort_month").row(0, named=True)
    sentence = words.text(
        "reading.retention", share=words.percent(ratio("retained_share").over(rows))
    )
    if rows.height == 1:
        return sentence
    note = words.text(
        "reading.retention_range",
        best=words.month(best["cohort_month"]),
        best_share=words.percent(best["retained_share"]),
        worst=words.month(worst["cohort_month"]),
        worst_share=words.percent(worst["retained_share"]),
    )
    return words.sentences(sentence, note)


def value_tiers(data: ReportData, words: Words) -> str:
    """What the best tier brings, and whether the thresholds are fixed yet."""
    rows = data.value_tiers.filter(pl.col("value_tier") == "top")
    if rows.is_empty() or not rows["net_amount_from"][0]:
        return words.text("reading.tiers_empty")
    row = rows.row(0, named=True)
    amount = words.money(row["net_amount_from"], data.currency)
    if row["share_of_users"] is None or row["share_of_net_amount"] is None:
        sentence = words.sentences(
            words.text("reading.tiers_count", users=words.number(row["users"]), amount=amount),
            words.text("reading.shares_withheld"),
        )
    else:
        sentence = words.text(
            "reading.tiers",
            users=words.percent(row["share_of_users"]),
            net=words.percent(row["share_of_net_amount"]),
            amount=amount,
        )
    key = "tiers_frozen" if row["is_frozen"] else "tiers_provisional"
    return words.sentences(sentence, words.text(f"reading.{key}"))


def payment_states(data: ReportData, words: Words) -> str:
    """Users whom only payments show: lost after a failure, never paid, back by another wallet."""
    users = dict(data.payment_states.select("payment_state", "users").iter_rows())
    if not users:
        return words.text("reading.states_empty")
    parts = [
        words.text(f"reading.state_{name}", users=words.number(users[name]))
        for name in ("lost_after_failure", "never_paid", "recovered_by_other_wallet")
        if name in users
    ]
    return words.sentences(*parts) or words.text("reading.states_none")


def proof(data: ReportData, words: Words) -> str:
    """Whether the segments of some weeks ago told who would buy."""
    rows = data.proof.filter(pl.col("users") >= SMALL_SAMPLE)
    if data.quality.is_empty() or rows.is_empty():
        return words.text("reading.proof_empty")
    best = rows.sort("actual_active_share", "lifecycle_segment", descending=True).row(0, named=True)
    worst = rows.sort("actual_active_share", "lifecycle_segment").row(0, named=True)
    sentence = words.text(
        "reading.proof",
        days=words.number(best["holdout_days"]),
        cutoff=best["cutoff_date"].isoformat(),
        best=words.label("segment", best["lifecycle_segment"]),
        best_share=words.percent(best["actual_active_share"]),
        worst=words.label("segment", worst["lifecycle_segment"]),
        worst_share=words.percent(worst["actual_active_share"]),
    )
    explained = data.quality.filter(pl.col("metric") == "segments_explained_share")
    if explained.is_empty():
        return sentence
    verdict = explained["verdict"][0]
    return words.sentences(sentence, words.text(f"reading.proof_segments_{verdict}"))


def quality(data: ReportData, words: Words) -> str:
    """Which measures beat the simplest guess, naming those that do not."""
    if data.quality.is_empty():
        return words.text("reading.proof_empty")
    auc = data.quality.filter(pl.col("metric") == "active_auc")
    parts = []
    if not auc.is_empty():
        row = auc.row(0, named=True)
        parts.append(
            words.text(
                f"reading.quality_auc_{row['verdict']}",
                value=words.number(row["value"], 3),
                baseline=words.number(row["baseline"], 3),
                guess=words.label("baseline", row["baseline_name"]),
            )
        )
    others = data.quality.filter(
        (pl.col("verdict") != "better") & (pl.col("metric") != "active_auc")
    )
    names = [words.in_sentence(words.label("measure", name)) for name in others["metric"]]
    key = "quality_some" if names else "quality_all"
    parts.append(words.text(f"reading.{key}", names=words.listing(names)))
    return words.sentences(*parts)


def cluster_rules(data: ReportData, words: Words) -> str:
    """How often the rules name the right group."""
    if data.cluster_rules.is_empty():
        return words.text("reading.clusters_empty")
    fidelity = data.cluster_rules["fidelity"][0]
    sentence = words.text("reading.rules", share=words.percent(fidelity))
    note = words.text("reading.rules_approximate") if fidelity < _GOOD_FIDELITY else ""
    return words.sentences(sentence, note)


def _value(feature: str, value: float | None, data: ReportData, words: Words) -> str:
    if value is None:
        return ""
    if feature in _MONEY:
        return words.money(value, data.currency)
    if feature in _SHARES:
        return words.percent(value)
    return words.number(value, 0 if feature in _WHOLE else 2)
