"""The merchant's own files: fields by name, as CSV, JSON lines or Parquet.

What belongs here: recognising a file by the names of its fields, and the checks that such contracts
share. What does not: which fields a contract has (`payment_attempts`, `support_tickets`, …).

Text is UTF-8. CSV has a header and comma, semicolon or TAB; JSON lines have one object per line;
Parquet has plain columns. Times are ISO-8601 with an offset, so that no time zone is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pipelines.formats.format import (
    AMOUNT_DIGITS,
    AMOUNT_LIMIT,
    BadFileError,
    Column,
    Format,
    Head,
    Layout,
    RowCheck,
    clean_header,
    match_columns,
    require_columns,
    unknown_columns_warning,
)
from pipelines.formats.shapes import Shape

# A file without its id field is still ours when it has this many of the required ones: it then gets
# an error that names what is missing.
_TELLING_FIELDS = 4
_BOOLEANS = {"true": "true", "false": "false", "1": "true", "0": "false"}


def own_field(
    name: str, *, keep: bool = True, is_id: bool = False, shape: Shape | None = None
) -> Column:
    """A column whose header is its name."""
    return Column(name, (name,), keep=keep, kind="id" if is_id else "text", shape=shape)


@dataclass(frozen=True)
class Contract:
    """The fields of one kind of file.

    `required` must be there and filled, its first field identifies a row; of `either`, which are
    optional fields, at least one must be. `date_column` says which day a row belongs to.
    `format_of` gives the format, which is defined after its contract.
    """

    source: str
    required: tuple[Column, ...]
    optional: tuple[Column, ...]
    date_column: str
    format_of: Callable[[], Format]
    either: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All fields, the required ones first."""
        return (*self.required, *self.optional)

    @property
    def what(self) -> str:
        """The kind of file in a message."""
        return f"a {self.source} file"

    def recognise(self, head: Head) -> Layout | None:
        """The layout of such a file; None when its telling fields are not there.

        Raises BadFileError when required fields are missing or the file is one JSON array.
        """
        if head.encoding == "parquet":
            return self._parquet_layout(head)
        first = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
        if not first:
            return None
        line = head.lines[first - 1]
        if line.lstrip("\ufeff").startswith(("{", "[")):
            return self._json_layout(head, line, first)
        return self._csv_layout(line, first)

    def missing_value_checks(self) -> tuple[RowCheck, ...]:
        """Reject rows in which a required field is empty, or all of those that may stand in."""
        empty = [(column.name, pl.col(column.name).is_null()) for column in self.required]
        if self.either:
            none = pl.all_horizontal(pl.col(name).is_null() for name in self.either)
            empty.append((" or ".join(self.either), none))
        return tuple(
            RowCheck("missing_value", is_empty, f"{what} must be filled")
            for what, is_empty in empty
        )

    def _csv_layout(self, line: str, at: int) -> Layout | None:
        separator = max((",", ";", "\t"), key=line.count)
        cells = [clean_header(cell).lower() for cell in line.split(separator)]
        if not self._is_ours(cells):
            return None
        names, unknown = match_columns(cells, self.columns, at)
        self._require(names, at)
        return Layout(
            format=self.format_of(),
            variant=f"csv-{len(names)}",
            dialect="quoted",
            columns=names,
            separator=separator,
            header_line=at,
            is_multiline=True,
            date_column=self.date_column,
            warnings=unknown_columns_warning(_readable(unknown, cells)),
        )

    def _json_layout(self, head: Head, line: str, at: int) -> Layout | None:
        """JSONL: every known field is looked for in every line; the first need not have all."""
        if line.lstrip("\ufeff").startswith("["):
            if not any(f'"{self.required[0].name}"' in text for text in head.lines):
                return None
            raise BadFileError(
                "unrecognised",
                "this is one JSON array; write one JSON object per line instead (JSONL)",
                at,
            )
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        fields = list(record) if isinstance(record, dict) else re.findall(r'"(\w+)"\s*:', line)
        if not self._is_ours(fields):
            return None
        unknown = [name for name in fields if name not in {column.name for column in self.columns}]
        return Layout(
            format=self.format_of(),
            variant="jsonl",
            dialect="json",
            columns=tuple(column.name for column in self.columns),
            header_line=at - 1,
            date_column=self.date_column,
            warnings=unknown_columns_warning([_safe_name(name) for name in unknown]),
        )

    def _parquet_layout(self, head: Head) -> Layout | None:
        if not self._is_ours(head.columns):
            return None
        names, unknown = match_columns(list(head.columns), self.columns, 1)
        self._require(names, 1)
        return Layout(
            format=self.format_of(),
            variant=f"parquet-{len(names)}",
            dialect="table",
            columns=names,
            date_column=self.date_column,
            warnings=unknown_columns_warning(_readable(unknown, list(head.columns))),
        )

    def _require(self, names: tuple[str | None, ...], at: int) -> None:
        """BadFileError that names the fields without which no row can be read."""
        require_columns(names, list(self.required), self.what, at)
        if self.either and not set(self.either) & set(names):
            raise BadFileError(
                "missing_columns",
                f"this looks like {self.what} without {' or '.join(self.either)}; "
                "one of these columns must be there",
                at,
            )

    def _is_ours(self, names: list[str] | tuple[str, ...]) -> bool:
        telling = {column.name for column in self.required} & set(names)
        return self.required[0].name in telling or len(telling) >= _TELLING_FIELDS


def boolean(name: str) -> pl.Expr:
    """True, TRUE, 1 -> true; what is neither stays as it is and is rejected by the check."""
    return pl.col(name).str.to_lowercase().replace(_BOOLEANS)


def boolean_checks(*names: str) -> tuple[RowCheck, ...]:
    """Reject what `boolean` did not understand."""
    return tuple(
        RowCheck(
            "bad_value",
            pl.col(name).is_in(["true", "false"]).not_(),
            f"{name} must be true or false",
        )
        for name in names
    )


def one_of_check(name: str, values: list[str], reason: str = "bad_value") -> RowCheck:
    """Reject values outside a closed list."""
    *most, last = values
    message = f"{name} must be {', '.join(most)} or {last}"
    return RowCheck(reason, pl.col(name).is_in(values).not_(), message)


def amount_check(name: str, example: str = "12.50") -> RowCheck:
    """Reject what is no decimal in major units; not negative, at most four decimals."""
    return RowCheck(
        "bad_amount",
        pl.col(name).str.contains(rf"^{AMOUNT_DIGITS}(\.[0-9]{{1,4}})?$").not_(),
        f"{name} must be a decimal in major units such as {example}, not negative, {AMOUNT_LIMIT}",
    )


def currency_check(name: str = "currency") -> RowCheck:
    """Reject what is no currency code."""
    return RowCheck(
        "bad_currency",
        pl.col(name).str.contains(r"^[A-Z]{3}$").not_(),
        f"{name} must be an ISO 4217 code such as CNY",
    )


def _readable(positions: list[str], cells: list[str]) -> list[str]:
    return [_safe_name(cells[int(position) - 1]) for position in positions]


def _safe_name(name: str) -> str:
    """A column name fit for a message: a broken header may hold a value instead of a name."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z_]{0,40}", name) else "(unnamed)"
