"""Control totals: what a file states about itself against what was read from it.

What belongs here: adding up measures block by block, comparing. What does not: which totals a
format has (`formats`), what happens to a file that does not match (`run`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from pipelines.formats.format import ControlTotal, Format

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
