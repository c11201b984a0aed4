"""The words in which a format describes itself: columns, personal data, layout, totals, checks.

What belongs here: small frozen dataclasses, the error a bad file raises, and the expressions that
several formats share. What does not: any one provider's knowledge, any input or output.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import polars as pl

from pipelines.formats.shapes import Shape

if TYPE_CHECKING:
    from pipelines.formats.mapping import Mapping as ExportMapping

# Separates the parts of a pseudonym's value; no export writes this control character.
UNIT_SEPARATOR = "\x1f"
# Six decimals: WeChat prints fees with five.
AMOUNT = pl.Decimal(38, 6)
# One payment of ten billion is a slip; sums of such rows would leave the warehouse's DECIMAL(18,4).
AMOUNT_DIGITS = "[0-9]{1,10}"
AMOUNT_LIMIT = "with at most 10 digits before the point"
_STRIPPED = "\ufeff \t\r\u00a0\u3000"


class BadFileError(Exception):
    """A file (or archive member) that cannot be accepted, said so that its owner can mend it.

    `reason` is a machine name, `message` says what was expected and what to do and never holds a
    value of the file, `line` is the 1-based line where there is one.
    """

    def __init__(self, reason: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Column:
    """One column of an export.

    `headers` are all header texts seen for it. `keep=False` declares personal data or free text:
    the raw value is never written. `kind` "id" is watched for spreadsheet damage, "amount" is a
    decimal in major units. A kept value that does not fit `shape` is stored as `unrecognised`.
    `path` is for JSON only.
    """

    name: str
    headers: tuple[str, ...]
    keep: bool = True
    kind: Literal["text", "id", "amount"] = "text"
    shape: Shape | None = None
    # Where the value is in a JSON record (DuckDB's path syntax); the column's own name by default.
    path: str | None = None


@dataclass(frozen=True)
class Pseudonym:
    """A key column: HMAC of `domain` and `value` (a text expression; NULL stays NULL)."""

    name: str
    domain: str
    value: pl.Expr


@dataclass(frozen=True)
class RowCheck:
    """A row where `is_bad` is true goes to the rejects with this reason."""

    reason: str
    is_bad: pl.Expr
    message: str


@dataclass(frozen=True)
class RunningBalance:
    """A balance printed after each row, and what the row changed it by (both amounts)."""

    change: pl.Expr
    balance: pl.Expr


@dataclass(frozen=True)
class ControlTotal:
    """A total that the file states about itself, and the measures that may explain it.

    `currency` where a file states totals of several; else the format's own.
    """

    name: str
    expected: Decimal
    measures: tuple[str, ...]
    currency: str | None = None


@dataclass(frozen=True)
class Head:
    """The beginning of a document, enough to recognise it.

    `lines` are the first physical lines without line ends (text), `columns` the column names of a
    Parquet file, `nested` those of them that hold lists or records. `encoding` is one of utf-8,
    utf-8-sig, gb18030, parquet. `is_workbook`: the lines are rows of an Excel sheet.
    """

    lines: tuple[str, ...]
    encoding: str
    columns: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    is_workbook: bool = False
    # What the merchant declared about exports that no format of this package knows.
    mappings: tuple[ExportMapping, ...] = ()


@dataclass(frozen=True)
class Survey:
    """What a format may ask of a whole document before its rows are read.

    `values` streams one column's texts, unchecked, block by block. `options` are the merchant's
    settings for the source, such as {"date_order": "DMY"} (`WALLET_FORMAT_OPTIONS`).
    """

    values: Callable[[str], Iterator[pl.Series]]
    options: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """How one document is laid out: the result of recognising it."""

    format: Format
    variant: str
    # json: one object per line; document: one JSON value in the whole file; records: Parquet whose
    # columns hold lists or records; table: Parquet of plain columns.
    dialect: Literal["backtick", "quoted", "json", "document", "records", "table"]
    # Canonical name by position; None = a column this format does not know (dropped).
    columns: tuple[str | None, ...]
    separator: str = ","
    header_line: int = 0
    # A line that begins with one of these ends the rows; everything from there on is the footer.
    footer_marks: tuple[str, ...] = ()
    # Only lines that begin with one of these are rows (sectioned files); all others are kept, in
    # order, for `read_footer`.
    row_marks: tuple[str, ...] = ()
    # Finds the records in a JSON value: DuckDB SQL over `_json`, giving a list of JSON. Rows of a
    # document are then numbered by record; in JSON lines they have the number of their line.
    records: str | None = None
    # Clean-ups that only this variant needs, by column; before those of the format.
    normalise: Mapping[str, pl.Expr] = field(default_factory=dict)
    # Quoted fields may hold line ends.
    is_multiline: bool = False
    is_resaved: bool = False
    # False for a summary: its rows only serve as control totals.
    has_rows: bool = True
    account: str | None = None
    period: tuple[date, date] | None = None
    date_column: str | None = None
    constants: Mapping[str, str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """Everything ingest has to know about one source.

    `recognise` returns None for foreign content and raises BadFileError for its own format gone
    wrong. `read_footer` gets the footer lines and returns the totals stated there. `measures` are
    aggregates over rows that can be added up block by block. `account_column` names the column
    that says whose bill it is, `accounts_around` finds it in the lines around the rows;
    `account_setting` is the merchant's list of own accounts.
    """

    source: str
    # One sentence for the UI: what a row is.
    description: str
    columns: tuple[Column, ...]
    recognise: Callable[[Head], Layout | None]
    keys: tuple[Pseudonym, ...] = ()
    checks: tuple[RowCheck, ...] = ()
    constants: tuple[str, ...] = ()
    measures: Mapping[str, pl.Expr] = field(default_factory=dict)
    # The same per value of these columns; the names are then `measure:value`, `|` between values.
    measures_by: tuple[str, ...] = ()
    # Totals that hold by the format's own arithmetic (debits and credits that must cancel).
    implied_totals: Callable[[Layout, Mapping[str, Decimal]], list[ControlTotal]] | None = None
    # Completes a layout that the head alone does not settle (date order, decimal mark, time zone).
    settle: Callable[[Layout, Survey], Layout] | None = None
    read_footer: Callable[[Layout, list[str]], list[ControlTotal]] | None = None
    # Expressions applied to the split text before checks, by column name. That of the date column
    # may only read this column itself.
    normalise: Mapping[str, pl.Expr] = field(default_factory=dict)
    account_column: str | None = None
    accounts_around: Callable[[list[str]], set[str]] | None = None
    account_setting: str | None = None
    # The format is told by ASCII names alone, so GB18030 would take any other text for Chinese.
    is_utf8_only: bool = False
    # Currency of the control totals.
    currency: str | None = None
    # A break in it is a warning: a filtered export has one, and its totals still hold.
    running_balance: RunningBalance | None = None

    @property
    def lake_columns(self) -> tuple[str, ...]:
        """Data columns of the lake in order: kept columns, constants, keys."""
        kept = tuple(column.name for column in self.columns if column.keep)
        return kept + self.constants + tuple(key.name for key in self.keys)

    def names_of(self, kind: str) -> list[str]:
        """Names of the columns of a kind."""
        return [column.name for column in self.columns if column.kind == kind]


def clean_header(text: str) -> str:
    """A header cell without padding, quotes and backticks, with ASCII brackets."""
    stripped = text.strip(_STRIPPED).strip('"').strip(_STRIPPED).lstrip("`")
    return stripped.replace("（", "(").replace("）", ")")


def split_line(line: str, separator: str) -> list[str]:
    """Cells of one line with CSV quotes; none where quotes or control characters make no line."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        # A carriage return within a line, a cell beyond 128 KB: damage, or another kind of file.
        return []


def split_header(line: str) -> tuple[str, list[str]]:
    """Separator and cleaned cells of a header line, without the empty cells of a padded end."""
    separator = "\t" if line.count("\t") > line.count(",") else ","
    cells = [clean_header(cell) for cell in line.split(separator)]
    while cells and not cells[-1]:
        cells.pop()
    return separator, cells


def declared_spelling(cells: list[str], columns: tuple[Column, ...]) -> list[str]:
    """Header cells as the columns declare them, where only case or inner blanks differ."""
    declared = {
        " ".join(header.split()).casefold(): header
        for column in columns
        for header in column.headers
    }
    return [declared.get(" ".join(cell.split()).casefold(), cell) for cell in cells]


def match_columns(
    cells: list[str], columns: tuple[Column, ...], line: int
) -> tuple[tuple[str | None, ...], list[str]]:
    """Canonical name for each header cell, and the positions (1-based) nobody knows.

    Raises BadFileError when two cells mean the same column: which one counts cannot be told.
    """
    known = {header: column.name for column in columns for header in column.headers}
    names = tuple(known.get(cell) for cell in cells)
    present = [name for name in names if name]
    repeated = sorted({name for name in present if present.count(name) > 1})
    if repeated:
        raise BadFileError(
            "duplicate_columns",
            f"the columns {', '.join(repeated)} appear twice in the header; "
            "download the file again",
            line,
        )
    unknown = [str(at) for at, name in enumerate(names, start=1) if name is None]
    return names, unknown


def unknown_columns_warning(unknown: list[str]) -> tuple[str, ...]:
    """The warning about columns that are not read; empty when there are none."""
    if not unknown:
        return ()
    return (f"columns not known here are left out: {', '.join(unknown)}",)


def require_columns(
    names: tuple[str | None, ...], required: list[Column], what: str, line: int
) -> None:
    """Raise BadFileError naming the header texts that are missing."""
    missing = [column.headers[0] for column in required if column.name not in names]
    if missing:
        raise BadFileError(
            "missing_columns",
            f"this looks like {what} but the columns {', '.join(missing)} are missing; "
            "download the file again and do not delete columns",
            line,
        )


def amount(name: str) -> pl.Expr:
    """The column as an exact decimal; NULL when it is empty or not a number."""
    return pl.col(name).cast(AMOUNT, strict=False)


def without_thousands(text: str | pl.Expr) -> pl.Expr:
    """`1,000.00` as 1000.00; `49,37` stays as it is and is rejected as no amount."""
    text = pl.col(text) if isinstance(text, str) else text
    grouped = text.str.contains(r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")
    return pl.when(grouped).then(text.str.replace_all(",", "")).otherwise(text)


def from_spreadsheet(name: str) -> pl.Expr:
    """An amount as a spreadsheet styles it: `¥1,234.50` as 1234.50."""
    # The sign of the currency stands before or behind the minus.
    return without_thousands(pl.col(name).str.replace(r"^([+-]?)[¥￥]([+-]?)", "${1}${2}"))


def any_missing(*names: str) -> pl.Expr:
    """True where one of the columns is empty."""
    # One expression per column: of `pl.col("a", "b")` polars cannot say which columns it reads.
    return pl.any_horizontal(*(pl.col(name).is_null() for name in names))


def bad_amount_check(name: str, header: str) -> RowCheck:
    """Reject rows whose amount is not a plain decimal number."""
    is_plain = pl.col(name).str.contains(rf"^[+-]?{AMOUNT_DIGITS}(\.[0-9]{{1,6}})?$")
    message = f"{header} must be a number such as 12.34, {AMOUNT_LIMIT}"
    return RowCheck("bad_amount", is_plain.not_(), message)


def parse_decimal(text: str) -> Decimal | None:
    """A number of a footer (`45.0`, `-0.02000`, `1,234.50`), or None."""
    plain = text.strip(_STRIPPED + '`"')
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", plain):
        plain = plain.replace(",", "")
    # 14 digits are what the lake's table of control totals can hold.
    return Decimal(plain) if re.fullmatch(r"[+-]?[0-9]{1,14}(\.[0-9]+)?", plain) else None


def stated_total(name: str, number: str, measures: tuple[str, ...]) -> ControlTotal:
    """A control total from its text; BadFileError when the text is no number."""
    value = parse_decimal(number)
    if value is None:
        raise BadFileError("truncated", f"the total {name} is no number; download the bill again")
    return ControlTotal(name, value, measures)
