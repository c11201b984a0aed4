"""The closed vocabularies of context columns: what does not fit never reaches the lake.

What belongs here: replacing values by `unrecognised`, counting them for the ledger's warning. What
does not: the shapes (`formats`), rows that are rejected (`checking`).
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from pipelines.formats.format import Format
from pipelines.formats.shapes import UNRECOGNISED


def close_vocabularies(rows: pl.DataFrame, spec: Format) -> pl.DataFrame:
    """Rows in which each value of a shaped column fits its shape, is NULL or is `unrecognised`.

    To be called after pseudonyms were made: those are of the value as the file has it.
    """
    return rows.with_columns(
        pl.when(pl.col(column.name).str.contains(column.shape.anchored).not_())
        .then(pl.lit(UNRECOGNISED))
        .otherwise(pl.col(column.name))
        .alias(column.name)
        for column in spec.columns
        if column.keep and column.shape is not None
    )


class MisfitCounter:
    """Counts the values of a document that were replaced, and says so without any of them."""

    def __init__(self, spec: Format) -> None:
        self._shapes = {
            column.name: column.shape
            for column in spec.columns
            if column.keep and column.shape is not None
        }
        self._counts: Counter[str] = Counter()

    def see(self, rows: pl.DataFrame) -> None:
        """Count in rows whose vocabularies are closed."""
        if not self._shapes or not rows.height:
            return
        counts = rows.select((pl.col(list(self._shapes)) == UNRECOGNISED).sum())
        self._counts.update(counts.row(0, named=True))

    def warnings(self) -> tuple[str, ...]:
        """One warning per column that has misfits, in the order of columns."""
        return tuple(
            f"{name}: {count:,} {'values are not' if count > 1 else 'value is not among'} "
            f"{shape.meaning}; stored as '{UNRECOGNISED}'"
            for name, shape in self._shapes.items()
            if (count := self._counts[name])
        )
