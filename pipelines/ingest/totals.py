"""Control totals: what a file states about itself against what was read from it.

What belongs here: adding up measures block by block, comparing, following a running balance. What
does not: which totals a format has (`formats`), what happens to a file that does not match (`run`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from pipelines.formats.format import AMOUNT, ControlTotal, Format

# Amounts are whole cents; half a cent allows for a footer that rounds five decimals to two.
TOLERANCE = Decimal("0.005")


@dataclass(frozen=True)
class CheckedTotal:
    """One stated total beside the sum of the rows read."""

    total_name: str
    currency: str | None
    expected: Decimal
    actual: Decimal

    @property
    def matched(self) -> bool:
        """True when both are equal to the cent."""
        return abs(self.expected - self.actual) < TOLERANCE


class Tally:
    """Sums of a format's measures over all rows of a document."""

    def __init__(self, spec: Format) -> None:
        self._measures = spec.measures
        self._groups = list(spec.measures_by)
        self.values: dict[str, Decimal] = dict.fromkeys(spec.measures, Decimal(0))

    def add(self, rows: pl.DataFrame) -> None:
        """Add the rows of one block."""
        if not self._measures or not rows.height:
            return
        exprs = [expr.alias(name) for name, expr in self._measures.items()]
        for name, value in rows.select(exprs).row(0, named=True).items():
            self.values[name] += Decimal(value or 0)
        if self._groups:
            self._add_groups(rows.group_by(self._groups).agg(exprs))

    def _add_groups(self, sums: pl.DataFrame) -> None:
        for row in sums.iter_rows(named=True):  # one per group, not per line
            group = "|".join(row[name] or "" for name in self._groups)
            for name in self._measures:
                key = f"{name}:{group}"
                self.values[key] = self.values.get(key, Decimal(0)) + Decimal(row[name] or 0)


class BalanceChain:
    """Follows a running balance through a document, in whatever order its rows are.

    The balance after a row is the balance before another one, save for the last row. So each value
    that is left over, but one, is a place where rows are missing or an amount was changed.
    """

    def __init__(self, spec: Format) -> None:
        self._spec = spec.running_balance
        self._left = pl.DataFrame(schema={"value": AMOUNT, "left": pl.Int64})

    def add(self, rows: pl.DataFrame) -> None:
        """Follow the rows of one block; rows without a balance are passed over."""
        if self._spec is None or not rows.height:
            return
        after, change = self._spec.balance, self._spec.change
        ends = [
            rows.select(value.cast(AMOUNT).alias("value"), pl.lit(step, pl.Int64).alias("left"))
            for value, step in ((after, 1), (after - change, -1))
        ]
        known = pl.concat([self._left, *ends]).drop_nulls()
        sums = known.group_by("value").agg(pl.col("left").sum())
        self._left = sums.filter(pl.col("left") != 0)

    @property
    def breaks(self) -> int:
        """Number of places where the chain is broken."""
        ends = self._left.filter(pl.col("left") > 0)["left"].sum()
        return max(int(ends) - 1, 0)


def compare(
    stated: Iterable[ControlTotal], sums: dict[str, Decimal], currency: str | None
) -> list[CheckedTotal]:
    """Each stated total with the measure that explains it, or with the nearest one."""
    checked = []
    for total in stated:
        # A group that no row belongs to adds up to nothing.
        found = (sums.get(name, Decimal(0)) for name in total.measures)
        actual = min(found, key=lambda value: abs(value - total.expected))
        unit = None if total.name.endswith("count") else total.currency or currency
        checked.append(CheckedTotal(total.name, unit, total.expected, actual))
    return checked


def describe_mismatch(totals: list[CheckedTotal]) -> str:
    """The totals that disagree, for a person: stated and counted."""
    return "; ".join(
        f"{total.total_name} stated {_plain(total.expected)}, counted {_plain(total.actual)}"
        for total in totals
        if not total.matched
    )


def _plain(value: Decimal) -> str:
    text = f"{value:.4f}"
    return text.rstrip("0").rstrip(".")
