"""Drops of the success rate, alarms, and what to do: sentences and tables.

What belongs here: what the tables about drops and advice say, in plain sentences and as rows. What
does not: other failures (`failure_readings`), charts, the texts themselves (`locales/`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import ReportData
from pipelines.reports.dimensions import (
    TELLING,
    dimension_token,
    property_token,
)
from pipelines.reports.words import Words, category_key

# A changed mix is named when it makes at least this part of the change.
_MIX_SHARE = 0.5


def drop_ids(data: ReportData) -> list[str]:
    """Drops that are shown: the newest week first, then incidents, the newest first."""
    rows = data.drops.sort(
        pl.col("kind") != "week", "started_date", "started_hour", descending=[False, True, True]
    )
    return rows["drop_id"].to_list()


def drop_label(data: ReportData, drop_id: str) -> str:
    """Text of the drop in the list to choose from: its first day and hour."""
    row = _drop(data, drop_id)
    return _moment(row["started_date"], row["started_hour"])


def clearest_drop(data: ReportData) -> int:
    """Position in `drop_ids` of the drop with the most to say.

    That is the one whose slices hold the most failures beyond the expected ones; where there are no
    slices, the one whose rate rose most.
    """
    ids = drop_ids(data)
    if data.root_causes.is_empty():
        risen = data.drops.sort("change", "drop_id", descending=[True, False])
        return ids.index(risen["drop_id"][0]) if ids else 0
    excess = data.root_causes.group_by("drop_id").agg((pl.col("failed") - pl.col("expected")).sum())
    best = excess.sort("failed", "drop_id", descending=[True, False])["drop_id"][0]
    return ids.index(best)


def root_causes(data: ReportData, words: Words, drop_id: str) -> str:
    """Where a drop comes from: the slices that failed more, or a changed mix, or nothing."""
    drop = _drop(data, drop_id)
    first = words.text(
        "reading.drop" if drop["kind"] == "alarm" else "reading.drop_week",
        start=_moment(drop["started_date"], drop["started_hour"]),
        end=_moment(drop["ended_date"], drop["ended_hour"]),
        rate=words.percent(drop["failure_rate"]),
        base=words.percent(drop["base_failure_rate"]),
        n=words.number(drop["attempts"]),
    )
    slices = data.root_causes.filter(pl.col("drop_id") == drop_id).sort("slice_rank")
    if not slices.is_empty():
        top = slices.row(0, named=True)
        return words.sentences(
            first,
            words.text(
                "reading.drop_slice",
                slice=slice_words(words, top["slice"], data.currency),
                failed=words.number(top["failed"]),
                expected=words.number(top["expected"]),
                reason=words.label("cause", top["main_reason"]),
                amount=words.money(top["amount_excess"], data.currency),
            ),
            _mix(data, words, drop),
        )
    if drop["slices"]:
        return words.sentences(first, words.text("reading.drop_withheld"), _mix(data, words, drop))
    return words.sentences(first, words.text("reading.drop_even"), _mix(data, words, drop))


def _mix(data: ReportData, words: Words, drop: dict[str, Any]) -> str:
    """The dimension along which the mix moved, when that makes most of a rise."""
    effects = data.mix_rate.filter(pl.col("drop_id") == drop["drop_id"])
    if effects.is_empty() or drop["change"] <= 0:
        return ""
    top = effects.sort("mix_effect", "dimension", descending=[True, False]).row(0, named=True)
    if top["mix_effect"] < _MIX_SHARE * drop["change"]:
        return ""
    value = top["largest_mix_value"]
    return words.text(
        "reading.drop_mix" if value is not None else "reading.drop_mix_unnamed",
        points=words.points(top["mix_effect"]),
        change=words.points(drop["change"]),
        dimension=words.in_sentence(words.label("dimension", top["dimension"])),
        **(
            {"value": words.token(dimension_token(top["dimension"], value, data.currency))}
            if value
            else {}
        ),
    )


def no_drops(data: ReportData, words: Words) -> str:
    """Said when no drop could be looked into."""
    return words.text("reading.drops_empty" if data.has_attempt_log else "reading.causes_empty")


def alarms(data: ReportData, words: Words) -> str:
    """How many alarms there were, and the latest."""
    if not data.has_attempt_log:
        return words.text("reading.causes_empty")
    main = data.alarms.filter(pl.col("is_main"))
    if main.is_empty():
        return words.text("reading.alarms_none")
    last = main.sort("raised_date", "raised_hour", "alarm_id").row(-1, named=True)
    return words.counted(
        "reading.alarms",
        main.height,
        when=_moment(last["raised_date"], last["raised_hour"]),
        series=_series(words, last["series"]),
        failed=words.number(last["failed"]),
        expected=words.number(last["expected"]),
    )


def advice(data: ReportData, words: Words) -> str:
    """The advice worth most, and what the estimate means."""
    if not data.has_attempt_log:
        return words.text("reading.causes_empty")
    worth = data.advice.drop_nulls("amount_recoverable").filter(pl.col("amount_recoverable") >= 1)
    if worth.is_empty():
        return words.text("reading.advice_empty")
    worth = worth.sort("amount_recoverable", "wallet", "failure_category", descending=True)
    top = worth.row(0, named=True)
    sentence = words.text(
        "reading.advice",
        action=words.label("action", top["action"]),
        cause=words.in_sentence(words.label("cause", top["failure_category"])),
        wallet=words.label("wallet", top["wallet"]),
        amount=words.money(top["amount_recoverable"], data.currency),
        low=words.money(top["amount_recoverable_low"], data.currency),
        high=words.money(top["amount_recoverable_high"], data.currency),
    )
    return words.sentences(sentence, words.text("reading.advice_limit"))


def root_cause_table(data: ReportData, drop_id: str) -> Table:
    """One row per slice of a drop, the strongest first."""
    rows = data.root_causes.filter(pl.col("drop_id") == drop_id).sort("slice_rank")
    tokens = [slice_token(text, data.currency) for text in rows["slice"]]
    return make_table(
        rows.with_columns(pl.Series("value", tokens, dtype=pl.String)).rename(
            {"main_reason": "failure_category"}
        ),
        "value attempts failed expected failure_rate failure_rate_low failure_rate_high "
        "expected_rate failure_category p_value users amount_excess",
        "attempts",
    )


def alarm_table(data: ReportData) -> Table:
    """One row per alarm, the newest first."""
    rows = data.alarms.sort("raised_date", "raised_hour", "alarm_id", descending=True)
    moments = {
        f"{name}_time": [
            _moment(*pair) for pair in rows.select(f"{name}_date", f"{name}_hour").rows()
        ]
        for name in ("raised", "started", "ended")
    }
    series = [
        "@series.all_wallets" if name == "all" else category_key("wallet", name)
        for name in rows["series"]
    ]
    shown = rows.with_columns(
        pl.Series("series", series, dtype=pl.String),
        *(pl.Series(name, values, dtype=pl.String) for name, values in moments.items()),
    )
    return make_table(
        shown,
        "raised_time series chart started_time ended_time attempts failed expected users "
        "amount_failed",
        "attempts",
    )


def advice_table(data: ReportData) -> Table:
    """One row per wallet and cause, the most money first."""
    rows = data.advice.sort(
        "amount_recoverable", "wallet", "failure_category", descending=True, nulls_last=True
    )
    return make_table(
        rows,
        # What it would bring comes first: narrow screens show the left side of a table.
        "wallet failure_category action amount_recoverable amount_recoverable_low "
        "amount_recoverable_high orders users amount_lost amount_given_up recovery_rate "
        "same_wallet_rate other_wallet_rate better_action",
        "orders",
    )


def slice_token(text: str, currency: str) -> str:
    """`os=ios & wallet=alipay` as tokens that the browser puts into words one by one."""
    parts = (part.split("=", 1) for part in text.split(" & "))
    return " & ".join(property_token(name, value, currency) for name, value in parts)


def slice_words(words: Words, text: str, currency: str) -> str:
    """The same in a sentence of one language."""
    phrases = []
    for name, value in (part.split("=", 1) for part in text.split(" & ")):
        phrase = words.token(dimension_token(name, value, currency))
        phrases.append(phrase if name in TELLING else f"{words.label('dimension', name)} {phrase}")
    return words.text("reading.slice_and").join(phrases)


def _series(words: Words, series: str) -> str:
    if series == "all":
        return words.in_sentence(words.label("series", "all_wallets"))
    return words.label("wallet", series)


def _drop(data: ReportData, drop_id: str) -> dict[str, Any]:
    return data.drops.row(by_predicate=pl.col("drop_id") == drop_id, named=True)


def _moment(day: date, hour: int | None) -> str:
    """Day and hour; the day alone where the release withholds the hour."""
    return day.isoformat() if hour is None else f"{day.isoformat()} {hour:02d}:00"
