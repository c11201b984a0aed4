"""Excel workbooks as the text they would have been saved as: one document per sheet.

What belongs here: opening a workbook, its cells as quoted CSV lines, so that everything after this
treats a sheet like any other file. What does not: what a sheet holds (`formats`).

Line numbers of such a document are the sheet's row numbers. Dates become `2026-01-05 10:11:12`,
whatever their cell's style; amounts lose currency signs that are only style.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pipelines.formats.format import BadFileError
from pipelines.ingest.frame_sql import frame_sql

# Order numbers of the wallets have 28 digits. Shorter ones happen to be doubles too often to judge.
_LONG_NUMBER = "[0-9]{24,38}"
_MAX_BYTES = 512 << 20


def sheet_openers(path: Path) -> list[tuple[str, Callable[[], BinaryIO]]]:
    """Name of each sheet that holds something, with what opens it as CSV bytes (UTF-8).

    Raises BadFileError when the workbook is damaged, protected or far too large.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise BadFileError(
            "archive_too_large", "the workbook is larger than 512 MB; save its sheets as CSV"
        )
    names = [name for name, frame in _sheets(path) if frame.height]
    if not names:
        raise BadFileError("empty_file", "the workbook has no filled cell; download it again")
    return [(name, lambda name=name: _csv(path, name)) for name in names]


def _sheets(path: Path) -> list[tuple[str, pl.DataFrame]]:
    import fastexcel

    try:
        workbook = fastexcel.read_excel(path)
        return [(name, _cells(workbook, name)) for name in workbook.sheet_names]
    except fastexcel.FastExcelError as error:
        raise BadFileError(
            "corrupt_archive",
            "the workbook is damaged or protected by a password; download it again, or save it as "
            "'CSV UTF-8'",
        ) from error


def _cells(workbook: object, name: str) -> pl.DataFrame:
    # Leading empty rows count, so that a row's number is the one the spreadsheet shows.
    sheet = workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    return sheet.to_polars()


def _csv(path: Path, name: str) -> BinaryIO:
    cells = _without_lost_digits(dict(_sheets(path))[name])
    # A cell may hold a line end; one row must stay one line.
    one_line = cells.with_columns(pl.all().str.replace_all(r"[\r\n]+", " "))
    return io.BytesIO(one_line.write_csv(include_header=False, quote_style="necessary").encode())


def _without_lost_digits(cells: pl.DataFrame) -> pl.DataFrame:
    """Long numbers that cells held as numbers, written as what they are: rounded (4.2E+27).

    A text cell keeps all its digits. Of a number only what a double holds is left, and its text is
    exactly that double; an order number is one by a chance of one in a hundred million.
    """
    with frame_sql(cells=cells.to_arrow()) as connection:
        table = connection.sql(
            f"""
            select
                case
                    when regexp_full_match(columns(*), '{_LONG_NUMBER}')
                        and try_cast(try_cast(columns(*) as double) as hugeint)
                        = try_cast(columns(*) as hugeint)
                        then format('{{:.1E}}', try_cast(columns(*) as double))
                    else columns(*)
                end
            from cells
            """
        ).to_arrow_table()
    return pl.DataFrame(table)
