"""Split lines to rows and rejects, by the checks that a format declares.

What belongs here: applying a format's clean-ups and checks to a block, stopping at ids that a
spreadsheet destroyed. What does not: the checks themselves (`formats`), splitting, writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.formats.format import BadFileError, Layout, from_spreadsheet
from pipelines.formats.times import INGEST_DAY
from pipelines.ingest.splitting import MESSAGES

# What is left of a long number that was saved as a number: 4.2E+27 ...
_ROUNDED_ID = r"^\d([.,]\d+)?[eE]\+?\d{1,3}$"
# ... or 28 digits of which only 15 are true; one such id may be chance, a whole column is not.
_ZEROED_ID = r"^[1-9]\d{14}0{11,17}$"


@dataclass(frozen=True)
class Batch:
    """Rows of one block.

    `rows` has `_row_number` and all columns of the format; `rejects` has `_row_number`, `_line`,
    `reason`, `message`.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    is_last: bool


class RowChecker:
    """The checks of one layout, as expressions that are built once for all its documents."""

    def __init__(self, layout: Layout) -> None:
        spec = layout.format
        present = {name for name in layout.columns if name is not None}
        absent = [column.name for column in spec.columns if column.name not in present]
        self._absent = [pl.lit(None, pl.String).alias(name) for name in absent]
        amounts = [name for name in spec.names_of("amount") if name in present]
        self._cleaned = [from_spreadsheet(name) for name in amounts] if layout.is_resaved else []
        self._normalised = [
            [expr.alias(name) for name, expr in steps.items()]
            for steps in (layout.normalise, spec.normalise)
        ]
        self._checks = [
            check for check in spec.checks if present & set(check.is_bad.meta.root_names())
        ]
        self._marks = [
            self._number_of_first_bad_check().alias("_check"),
            _is_destroyed([name for name in spec.names_of("id") if name in present]),
        ]
        self._messages = {
            reason: text.format(expected=len(layout.columns)) for reason, text in MESSAGES.items()
        }

    def batch(self, frame: pl.DataFrame, ingest_day: date, *, is_last: bool) -> Batch:
        """Good and bad rows, judged on the day of the run; BadFileError when ids were destroyed."""
        marked = frame.with_columns(
            *self._absent, pl.lit(ingest_day, pl.Date).alias(INGEST_DAY)
        ).with_columns(self._cleaned)
        for step in self._normalised:
            marked = marked.with_columns(step)
        marked = marked.with_columns(self._marks)
        if marked["_destroyed"].any():
            raise BadFileError(
                "destroyed_ids",
                "a spreadsheet turned order numbers into rounded numbers such as 4.2E+27; they "
                "cannot be restored: download the original again and do not save it with a "
                "spreadsheet",
                marked.filter("_destroyed")["_row_number"][0],
            )
        is_bad = pl.col("_problem").is_not_null() | pl.col("_check").is_not_null()
        bad = marked.filter(is_bad)
        rows = marked.filter(~is_bad) if bad.height else marked
        return Batch(
            rows.drop("_check", "_destroyed", "_problem", "_line", INGEST_DAY),
            self._rejects(bad),
            is_last,
        )

    def _number_of_first_bad_check(self) -> pl.Expr:
        numbers = [
            pl.when(check.is_bad.fill_null(value=False)).then(pl.lit(at, pl.Int32))
            for at, check in enumerate(self._checks)
        ]
        return pl.coalesce(*numbers, pl.lit(None, pl.Int32))

    def _rejects(self, bad: pl.DataFrame) -> pl.DataFrame:
        if not bad.height:
            schema = dict.fromkeys(("_line", "reason", "message"), pl.String)
            return pl.DataFrame(schema={"_row_number": pl.Int64} | schema)
        reasons = dict(enumerate(check.reason for check in self._checks))
        messages = dict(enumerate(check.message for check in self._checks))
        return bad.select(
            "_row_number",
            "_line",
            pl.coalesce("_problem", _look_up("_check", reasons)).alias("reason"),
            pl.coalesce(_look_up("_problem", self._messages), _look_up("_check", messages)).alias(
                "message"
            ),
        )


def normalised(values: pl.Series, layout: Layout) -> pl.Series:
    """One column's raw texts as the checks will see them (only clean-ups that read no other)."""
    frame = values.to_frame()
    for steps in (layout.normalise, layout.format.normalise):
        expr = steps.get(values.name)
        if expr is not None and set(expr.meta.root_names()) <= {values.name}:
            frame = frame.with_columns(expr.alias(values.name))
    return frame[values.name]


def _is_destroyed(names: list[str]) -> pl.Expr:
    if not names:
        return pl.lit(value=False).alias("_destroyed")
    ids = pl.col(names)
    is_zeroed = ids.str.contains(_ZEROED_ID).all() & ids.is_not_null()
    is_destroyed = (ids.str.contains(_ROUNDED_ID) | is_zeroed).fill_null(value=False)
    return pl.any_horizontal(is_destroyed).alias("_destroyed")


def _look_up(column: str, texts: dict) -> pl.Expr:
    return pl.col(column).replace_strict(texts, default=None, return_dtype=pl.String)


_CHECKERS: dict[tuple[object, ...], RowChecker] = {}


def row_checker(layout: Layout) -> RowChecker:
    """The checker of a layout; a month of daily bills shares one."""
    identity = (
        layout.format.source,
        layout.columns,
        layout.is_resaved,
        # The printed form of an expression leaves arguments out, such as the group of a pattern.
        *((name, expr.meta.serialize()) for name, expr in layout.normalise.items()),
    )
    if identity not in _CHECKERS:
        _CHECKERS[identity] = RowChecker(layout)
    return _CHECKERS[identity]
