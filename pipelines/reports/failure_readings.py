"""What the data says about failures, in plain sentences.

What belongs here: causes, where payments fail, what it costs, what goes with it. What does not: the
rest of the page's sentences (`readings`), the texts themselves (`locales/`).
"""

from __future__ import annotations

import polars as pl

from pipelines.reports.data import NAMED_HOUR, SMALL_SAMPLE, ReportData, sum_if_known
from pipelines.reports.dimensions import dimension_token
from pipelines.reports.intervals import wilson
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio

# Below this many failures the order of the causes is chance.
RANKABLE_FAILURES = 100


def causes(data: ReportData, words: Words) -> str:
    """The main causes of failure and how concentrated they are."""
    failed = failed_attempts(data)
    if not failed:
        return words.text(_why_nothing(data, "causes"))
    if failed < RANKABLE_FAILURES:
        return words.text("reading.causes_small", failed=words.number(failed))
    rows, hidden = failures_by_cause(data), failed - failures_by_cause(data)["failed"].sum()
    first = top_cause(data)
    if first is None:
        return words.text(
            "reading.causes_hidden", failed=words.number(failed), hidden=words.number(hidden)
        )
    sentence = words.text(
        "reading.causes",
        first=words.label("cause", first[0]),
        share=words.percent(first[1]),
        failed=words.number(failed),
    )
    if rows.height <= 3:
        return sentence
    three = words.percent(_share_of_failures(rows["failed"].head(3).sum(), failed))
    return words.sentences(sentence, words.text("reading.causes_three", three=three))


def breakdown(data: ReportData, words: Words, dimension: str) -> str:
    """The value of a dimension that fails clearly more than all attempts do, if there is one."""
    overall = overall_failure_rate(data)
    if overall is None:
        return words.text(_why_nothing(data, "breakdown"))
    clear = clear_values(data, dimension)
    if clear.is_empty():
        return words.text("reading.breakdown_flat", overall=words.percent(overall))
    worst = clear.sort("failure_rate", "dimension_value", descending=[True, False]).row(
        0, named=True
    )
    return words.text(
        "reading.breakdown_high",
        value=words.token(dimension_token(dimension, worst["dimension_value"], data.currency)),
        rate=words.percent(worst["failure_rate"]),
        low=words.percent(worst["failure_rate_low"]),
        high=words.percent(worst["failure_rate_high"]),
        n=words.number(worst["attempts"]),
        overall=words.percent(overall),
    )


def money(data: ReportData, words: Words) -> str:
    """At risk = recovered + lost + open, in the reporting currency."""
    sums = data.breakdown("all")
    if sums.height:
        amounts = sums.select("^amount_.*$")
        sums = amounts.sum()
        if amounts.null_count().sum_horizontal()[0]:
            return words.text("reading.money_few")
    if sums.is_empty() or not sums["amount_at_risk"][0]:
        return words.text(_why_nothing(data, "money") if sums.is_empty() else "reading.money_empty")
    row = sums.row(0, named=True)
    still_open = row["amount_at_risk"] - row["amount_recovered"] - row["amount_lost"]
    sentence = words.text(
        "reading.money",
        risk=words.money(row["amount_at_risk"], data.currency),
        recovered=words.money(row["amount_recovered"], data.currency),
        share=words.percent(ratio("recovery_rate_by_value").of(row)),
        lost=words.money(row["amount_lost"], data.currency),
    )
    if still_open < 1:
        return sentence
    note = words.text("reading.money_open", open=words.money(still_open, data.currency))
    return words.sentences(sentence, note)


def drivers(data: ReportData, words: Words) -> str:
    """What goes with failing; or why the model is not shown."""
    if data.driver_model.is_empty():
        return words.text("reading.drivers_empty")
    if data.driver_model["value"].is_null().all():
        return words.text("reading.drivers_untrained")
    if not drivers_usable(data):
        return words.sentences(words.text("reading.drivers_unusable"), _driver_scores(data, words))
    names = data.drivers.filter(pl.col("importance_mean") > 0)["feature"].head(3).to_list()
    if not names:
        return words.text("reading.drivers_none")
    shown = [words.label("feature", name) for name in names]
    if len(shown) == 1:
        return words.text("reading.drivers_one", first=shown[0])
    rest = [words.in_sentence(name) for name in shown[1:]]
    return words.text("reading.drivers", first=shown[0], rest=words.listing(rest))


def drivers_usable(data: ReportData) -> bool:
    """Whether the model says of itself, in every row, that it is worth reading."""
    usable = data.driver_model["is_usable"].fill_null(value=False)
    return bool(len(usable)) and bool(usable.all())


def clear_values(data: ReportData, dimension: str) -> pl.DataFrame:
    """Rows of a dimension whose interval, corrected for the values compared, beats the average."""
    least = NAMED_HOUR if dimension == "local_hour" else SMALL_SAMPLE
    rows = data.breakdown(dimension).filter(pl.col("attempts") >= least)
    overall = overall_failure_rate(data)
    if overall is None or rows.is_empty():
        return rows.clear()
    counts = rows.select("failed", "attempts").rows()
    lows = [wilson(*count, comparisons=rows.height)[0] for count in counts]
    return rows.filter(pl.Series(lows) > overall)


def clearest_dimension(data: ReportData, dimensions: list[str]) -> int:
    """Index of the dimension whose worst value lies furthest above the average.

    Never segments: they are made of what was paid, so that who never paid always failed.
    """
    overall = overall_failure_rate(data) or 0.0
    gaps = [
        0.0
        if name == "lifecycle_segment"
        else (clear_values(data, name)["failure_rate_low"].max() or 0) - overall
        for name in dimensions
    ]
    return gaps.index(max(gaps))


def failed_attempts(data: ReportData) -> int:
    """Failed attempts of every cause; 0 when there are none or the total is withheld."""
    return data.breakdown("all")["failed"].sum()


def top_cause(data: ReportData) -> tuple[str, float] | None:
    """The most frequent cause and its share of all failures; None while it cannot be told.

    Causes with too few people behind them are not published, so the largest one shown is only the
    largest one if all that is missing could not outnumber it.
    """
    failed, rows = failed_attempts(data), failures_by_cause(data)
    if failed < RANKABLE_FAILURES or rows.is_empty():
        return None
    first = rows["failed"][0]
    if failed - rows["failed"].sum() > first:
        return None
    return rows["failure_category"][0], _share_of_failures(first, failed)


def _share_of_failures(failed: int, all_failed: int) -> float:
    return ratio("share_of_failures").of({"failed": failed, "all_failed": all_failed})


def overall_failure_rate(data: ReportData) -> float | None:
    """Failed among resolved attempts of everything; None while nothing was resolved."""
    row = data.breakdown("all").select(pl.col("failed").sum(), pl.col("attempts").max())
    failed, attempts = row.row(0)
    return ratio("failure_rate").of({"failed": failed, "succeeded": (attempts or 0) - failed})


def failures_by_cause(data: ReportData) -> pl.DataFrame:
    """Columns failure_category, failed; the most frequent cause first."""
    return (
        data.breakdown("all", None)
        .group_by("failure_category")
        .agg(pl.col("failed").sum())
        .sort("failed", "failure_category", descending=[True, False])
    )


def money_by_cause(data: ReportData) -> pl.DataFrame:
    """One row per cause of an order's first failure, the largest amount at risk first.

    Columns failure_category, failed, and in the reporting currency amount_at_risk,
    amount_recovered, amount_lost, amount_open (what remains); NULL where few people make one.
    """
    remaining = pl.col("amount_at_risk") - pl.col("amount_recovered") - pl.col("amount_lost")
    return (
        data.breakdown("all", None)
        .group_by("failure_category")
        .agg(
            pl.col("failed").sum(),
            sum_if_known("amount_at_risk"),
            sum_if_known("amount_recovered"),
            sum_if_known("amount_lost"),
        )
        .with_columns(remaining.clip(0).alias("amount_open"))
        .sort("amount_at_risk", "failure_category", descending=[True, False])
    )


def _why_nothing(data: ReportData, figure: str) -> str:
    """Key of the sentence: no log read, nothing failed, or too few people to publish a figure."""
    if not data.has_attempt_log:
        return f"reading.{figure}_empty" if figure != "money" else "reading.causes_empty"
    tried, failed = data.wallets.select(pl.col("attempts", "failed").sum()).row(0)
    return "reading.causes_none" if tried and not failed else "reading.failures_withheld"


def _driver_scores(data: ReportData, words: Words) -> str:
    row = data.driver_model.filter(pl.col("metric") == "auc").drop_nulls(
        ["value", "baseline_lookup"]
    )
    if row.is_empty():
        return ""
    return words.text(
        "reading.drivers_scores",
        value=words.number(row["value"][0], 3),
        baseline=words.number(row["baseline_lookup"][0], 3),
    )
