"""The frame of `#` lines that Alipay's merchant bills share.

What belongs here: finding the header, account and period above it, the end of the list, telling
what a spreadsheet saved again. What does not: the columns and totals of any one bill.

The bytes: GB18030, LF, RFC-4180 quoting, id-like fields end with a TAB. The period's end is
exclusive. The order of detail and summary in the zip is not fixed. A spreadsheet pads the `#` lines
with separators, shortens times to minutes and writes 0 for 0.00.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from pipelines.formats.format import BadFileError, ControlTotal, Head, split_header


def framed_header(head: Head) -> tuple[int, str, list[str]] | None:
    """Line (1-based), separator and cells of the header: the first line that is no `#` line."""
    if head.encoding == "parquet":
        return None
    at = next(
        (
            at
            for at, line in enumerate(head.lines, start=1)
            if line.strip() and not line.lstrip('\ufeff"').startswith("#")
        ),
        0,
    )
    return (at, *split_header(head.lines[at - 1])) if at else None


def is_saved_again(head: Head, header_at: int, separator: str) -> bool:
    """Whether a spreadsheet wrote this: TABs, padded `#` lines, short dates, a BOM."""
    preamble, body = head.lines[: header_at - 1], head.lines[header_at:]
    has_padded_frame = any(line.rstrip("\r").endswith((",", "\t")) for line in preamble)
    has_short_dates = any(re.search(r"[,\t]\d{4}/\d{1,2}/\d{1,2} ", line) for line in body)
    return separator == "\t" or has_padded_frame or has_short_dates or head.encoding == "utf-8-sig"


def account_of(preamble: tuple[str, ...]) -> str:
    """The account (16-digit pid and 0156) that the lines above the header name."""
    match = re.search(r"账号[：:]\s*\[\s*(\d{16,24})\s*\]", "\n".join(preamble))
    if match is None:
        raise BadFileError(
            "missing_preamble",
            "the line #账号：[…] above the header is missing, so it cannot be told whose bill this "
            "is; download the file again and do not delete lines",
            1,
        )
    return match.group(1)


def period_of(preamble: tuple[str, ...]) -> tuple[date, date] | None:
    """First and last day, both inclusive; the bill prints the first moment after the period."""
    times = re.findall(
        r"(?:起始|终止)日期[：:]\s*\[\s*(\d{4})年(\d{2})月(\d{2})日\s*(\d{2}):(\d{2}):(\d{2})",
        "\n".join(preamble),
    )
    if len(times) != 2:
        return None
    try:
        start, end = (datetime(*map(int, time)) for time in times)  # noqa: DTZ001 wall clock
    except ValueError:
        return None
    return start.date(), max(start, end - timedelta(seconds=1)).date()


def refuse_strangers(lines: list[str]) -> None:
    """Raise BadFileError when there is anything but `#` lines after the list."""
    if any(line.strip(' \t,\r"') and "#" not in line[:2] for line in lines):
        raise BadFileError(
            "after_footer", "there are rows after the end of the list; keep one bill per file"
        )


def require_end(
    lines: list[str], totals: list[ControlTotal], at_least: int, marks: tuple[str, ...]
) -> None:
    """Raise BadFileError when the list does not end with its end line and its totals."""
    is_ended = any("列表结束" in line for line in lines)
    if not is_ended or len(totals) < at_least:
        wanted = " and ".join(f"#{mark}：…" for mark in marks)
        raise BadFileError(
            "truncated",
            f"an Alipay bill ends with #…列表结束, {wanted} and this one does not: the download "
            "was cut off; download it again",
        )
