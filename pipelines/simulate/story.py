"""One simulated merchant's whole truth, handed to the writers of further exports.

What belongs here: the frames every export is drawn from. What does not: any export (the modules
`…_export`), drawing them (`population` to `refunds`).
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulate.payments import order_numbers
from pipelines.simulate.scenario import UTC_OFFSET_MS, Scenario
from pipelines.simulate.truth import FileTruth


@dataclass(frozen=True)
class Story:
    """The merchant's users, orders, attempts, payments, refunds, as the room's modules draw them.

    `out_dir` is the folder that exports are written below. `visitors_measured` is the share of
    devices whose owners agreed to be measured by analytics tools; `kept_days` how many days the
    monitoring tools keep (None: all of them). `is_packed` writes plain files gzipped.
    """

    out_dir: Path
    scenario: Scenario
    users: pl.DataFrame
    orders: Mapping[str, np.ndarray]
    attempts: pl.DataFrame
    payments: pl.DataFrame
    refunds: pl.DataFrame
    visitors_measured: float = 1.0
    kept_days: int | None = None
    is_packed: bool = False

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers of one export: adding another export changes nothing in this one."""
        return np.random.default_rng([self.scenario.seed, *name.encode()])

    def attempt_rows(self) -> pl.DataFrame:
        """One row per attempt outside test traffic, with what its order knows.

        Columns of `play_attempts` and: order_no, user_id (null for guests), device (-1 at a till),
        channel, os, language, amount (cents), is_new_device.
        """
        index = self.attempts["order"].to_numpy()
        names = ("amount", "channel", "os", "language", "device", "is_new_device")
        frame = self.attempts.with_columns(
            *(pl.Series(name, self.orders[name][index]) for name in (*names, "is_test")),
            pl.Series("is_identified", self.orders["is_identified"][index]),
            order_numbers(dict(self.orders)).gather(index).alias("order_no"),
            self.users["user_id"].gather(self.orders["user"][index]).alias("user_id"),
        )
        known = pl.when("is_identified").then("user_id").alias("user_id")
        return frame.filter(~pl.col("is_test")).with_columns(known)

    def write(self, name: str, data: bytes, truth: FileTruth) -> FileTruth:
        """Write one file below the folder, packed if the story is, and return its truth."""
        if self.is_packed and not name.endswith(".gz"):
            name, data = f"{name}.gz", packed(data)
        path = self.out_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return replace(truth, path=name)


@dataclass(frozen=True)
class Written:
    """What a further export left: its files, and the planted counts by a name."""

    files: list[FileTruth]
    planted: dict[str, float] = field(default_factory=dict)


def packed(data: bytes) -> bytes:
    """Gzip without a time stamp, so that the same rows give the same bytes."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def epoch_us(clock_ms: pl.Expr) -> pl.Expr:
    """Clock milliseconds (Shanghai) as microseconds since 1970 in UTC."""
    return (clock_ms - UTC_OFFSET_MS) * 1_000


def iso(clock_ms: pl.Expr) -> pl.Expr:
    """Clock milliseconds as ISO-8601 with the offset of Shanghai; null stays null."""
    return clock_ms.cast(pl.Datetime("ms")).dt.to_string("%Y-%m-%dT%H:%M:%S%.3f+08:00")
