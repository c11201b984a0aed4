"""The last week and the last four weeks against those before: did payments get better or worse?

What belongs here: reading and table of these changes. What does not: days by themselves
(`readings`), the alarms that a drop raises (`drop_readings`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from pipelines.reports.columns import Table, empty_table, make_table
from pipelines.reports.data import SMALL_SAMPLE, ReportData
from pipelines.reports.intervals import difference_interval
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio

# Window -> days of it, and of the one before.
WINDOWS = {"week": 7, "four_weeks": 28}


def changes(data: ReportData) -> pl.DataFrame:
    """One row per window and wallet (and all): success rate now, before, and the difference.

    From days with enough people only, so a wallet of few people a day may lack days. Columns
    time_window, wallet, attempts, rate_now, rate_earlier, rate_change, change_low, change_high,
    change_verdict (better, worse, same).
    """
    last = data.daily["business_date"].max()
    if last is None:
        return pl.DataFrame()
    found, rate = [], ratio("attempt_success_rate")
    everything = data.daily.with_columns(pl.lit("all").alias("wallet"))
    both = pl.concat([everything, data.daily])
    day = pl.col("business_date")
    for window, days in WINDOWS.items():
        ends_before = last - timedelta(days=days)
        begins_before = ends_before - timedelta(days=days - 1)
        if data.daily["business_date"].min() > begins_before:
            continue
        recent = both.filter(day > ends_before)
        earlier = both.filter(day.is_between(begins_before, ends_before))
        for wallet in ["all", *sorted(data.daily["wallet"].unique())]:
            of_wallet = pl.col("wallet") == wallet
            now, before = (
                rate.added(recent.filter(of_wallet)),
                rate.added(earlier.filter(of_wallet)),
            )
            # Attempts whose outcome is known; none, no rate.
            if now[1] and before[1]:
                found.append({"time_window": window, "wallet": wallet} | _change(now, before))
    return pl.DataFrame(found)


def _change(now: tuple[float, float], before: tuple[float, float]) -> dict[str, Any]:
    """Of (succeeded, resolved) now and before."""
    low, high = difference_interval(now, before)
    return {
        "attempts": now[1],
        "rate_now": now[0] / now[1],
        "rate_earlier": before[0] / before[1],
        "rate_change": now[0] / now[1] - before[0] / before[1],
        "change_low": low,
        "change_high": high,
        "change_verdict": "better" if low > 0 else "worse" if high < 0 else "same",
    }


def reading(data: ReportData, words: Words) -> str:
    """The clearest change of the last week, or of four weeks."""
    rows = changes(data)
    if rows.is_empty():
        return words.text("reading.change_empty")
    clear = rows.filter((pl.col("change_verdict") != "same") & (pl.col("attempts") >= SMALL_SAMPLE))
    if clear.is_empty():
        return words.text("reading.change_none")
    sentences = []
    for window in WINDOWS:
        part = clear.filter(pl.col("time_window") == window)
        if part.is_empty():
            continue
        largest = part.sort(pl.col("rate_change").abs(), "wallet", descending=[True, False])
        row = largest.row(0, named=True)
        sentences.append(
            words.text(
                f"reading.change_{row['change_verdict']}",
                window=words.text(f"window.{window}"),
                wallet=words.label("wallet", row["wallet"]),
                points=words.points(row["rate_change"]),
                now=words.percent(row["rate_now"]),
                before=words.percent(row["rate_earlier"]),
            )
        )
    return words.sentences(*sentences)


def table(data: ReportData) -> Table:
    """One row per window and wallet."""
    rows = changes(data)
    if rows.is_empty():
        return empty_table()
    columns = "time_window wallet attempts rate_now rate_earlier rate_change change_low change_high"
    return make_table(rows, columns + " change_verdict", "attempts")
