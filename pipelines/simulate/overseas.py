"""The merchant's shop abroad: what some of the same customers buy there, in one currency.

What belongs here: one row per payment that was asked for, with its fate. What does not: the columns
of a provider's report (`adyen_export`, `paypal_export`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.scenario import DAY_MS, HOUR_MS
from pipelines.simulate.story import Story

REFUSED_SHARE, REFUNDED_SHARE = 0.09, 0.06
# A yuan is about an eighth of a euro or a seventh of a dollar; prices abroad are a little higher.
_YUAN_PER_UNIT = 7


def overseas_payments(story: Story, provider: str, share: float) -> pl.DataFrame:
    """A share of the identified customers' attempts, as payments of their own abroad.

    Columns: number (from 1, by time), order_no, user_id, at (clock ms), cents, is_refused,
    settled_at, refund_asked_at and refunded_at (clock ms; null when it did not happen in time).
    """
    rng = story.rng(provider)
    attempts = story.attempt_rows().filter(pl.col("user_id").is_not_null())
    chosen = attempts.filter(pl.Series(rng.random(len(attempts)) < share))
    size, end = len(chosen), story.scenario.end_ms
    is_refused = pl.Series(rng.random(size) < REFUSED_SHARE)
    is_refunded = pl.Series(rng.random(size) < REFUNDED_SHARE)
    delay = pl.Series((rng.uniform(2, 6, size) * DAY_MS).astype(np.int64))
    turnaround = pl.Series((rng.lognormal(0.6, 0.5, size) * DAY_MS).astype(np.int64))
    settled = pl.col("at") + 2 * DAY_MS + HOUR_MS
    asked = settled + delay
    return (
        chosen.select(
            "order_no",
            "user_id",
            pl.col("started_at").alias("at"),
            (pl.col("amount") // _YUAN_PER_UNIT).clip(lower_bound=50).alias("cents"),
            is_refused.alias("is_refused"),
        )
        .sort("at")
        .with_row_index("number", 1)
        .with_columns(
            # Another shop's number: the order at home was paid at home.
            pl.format("{}-{}-{}", pl.lit(provider.upper()[:2]), "order_no", "number").alias(
                "order_no"
            ),
            pl.when(~pl.col("is_refused") & (settled < end)).then(settled).alias("settled_at"),
        )
        .with_columns(
            pl.when(is_refunded & pl.col("settled_at").is_not_null() & (asked < end))
            .then(asked)
            .alias("refund_asked_at")
        )
        .with_columns(
            pl.when(pl.col("refund_asked_at") + turnaround < end)
            .then(pl.col("refund_asked_at") + turnaround)
            .alias("refunded_at")
        )
    )
