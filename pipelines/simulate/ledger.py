"""Accounts of the simulated merchant: movements in order, payouts, a balance after each.

What belongs here: turning signed movements into an account. What does not: what moved (the bills'
modules), how a provider prints it.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulate.ids import scattered

_DAY_MS = 86_400_000
# The account held this before the first day: refunds of older payments must be covered.
_OPENING_CENTS = 5_000_000
_PAYOUT_AT_MS = 7 * 3_600_000


def booked(moves: pl.DataFrame, payout: tuple[str, str]) -> pl.DataFrame:
    """All movements in order, with a payout each morning of what the day before brought in.

    `moves` has at (clock ms), step (order within a moment), name, kind, cents (signed), business_no
    and voucher. `payout` names the payout and its kind. Adds flow (unique digits) and balance.
    """
    days = (
        moves.group_by((pl.col("at") // _DAY_MS).alias("day"))
        .agg(pl.col("cents").sum())
        .filter(pl.col("cents") > 0)
        .sort("day")
    )
    payouts = days.select(
        ((pl.col("day") + 1) * _DAY_MS + _PAYOUT_AT_MS).cast(moves["at"].dtype).alias("at"),
        pl.lit(len(moves), dtype=moves["step"].dtype).alias("step"),
        pl.lit(payout[0]).alias("name"),
        pl.lit(payout[1]).alias("kind"),
        -pl.col("cents"),
        pl.format("TX{}", pl.col("day")).alias("business_no"),
        pl.format("TX{}", pl.col("day")).alias("voucher"),
    )
    rows = pl.concat([moves, payouts], how="vertical_relaxed").sort(
        "at", "business_no", "step", maintain_order=True
    )
    return rows.with_row_index("number").with_columns(
        scattered(pl.col("number"), width=16).alias("flow"),
        (pl.col("cents").cum_sum() + _OPENING_CENTS).alias("balance"),
    )
