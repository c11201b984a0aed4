"""The frame that all bills of WeChat Pay's merchant platform share.

What belongs here: finding the header, telling an original from what a spreadsheet saved, the two
lines of totals. What does not: the columns of any one bill.

The bytes: UTF-8 with BOM, CRLF, a header without and values with a leading backtick, no quoting, so
a comma in a text is only told apart by the backtick after the separating comma. The last two lines
are the totals' header and the totals. A spreadsheet turns this into TAB-separated GBK.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.formats.format import (
    BadFileError,
    ControlTotal,
    Head,
    parse_decimal,
    split_header,
    split_line,
)


def first_filled_line(head: Head) -> int:
    """Number (1-based) of the first line with text; 0 when there is none or no text at all."""
    if head.encoding == "parquet":
        return 0
    return next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)


def is_original(head: Head, header_line: int, separator: str, footer_mark: str) -> bool:
    """Whether values still carry their backticks: then comma and backtick separate them."""
    first_row = next((line for line in head.lines[header_line:] if line.strip()), "")
    return separator == "," and first_row.startswith(("`", footer_mark))


def read_totals(
    lines: list[str],
    names: Mapping[str, tuple[str, tuple[str, ...]]],
    required: set[str],
    what: str,
) -> list[ControlTotal]:
    """The totals of the last two lines, by header text.

    `names` maps a header cell to the total's name and the measures that may explain it. Raises
    BadFileError when the two lines are not there, are not the last ones or lack a required total.
    """
    filled = [line for line in lines if line.strip(" \t,\r")]
    if len(filled) < 2:
        raise BadFileError(
            "truncated",
            f"{what} ends with two lines of totals ({next(iter(names))},…) and this one does "
            "not: the download was cut off; download it again",
        )
    if len(filled) > 2:
        raise BadFileError(
            "after_footer",
            "there are lines after the totals; keep one bill per file, as downloaded",
        )
    separator, cells = split_header(filled[0])
    # Values of the original carry a backtick each and hold no commas; spreadsheets quote 1,234.50.
    texts = split_line(filled[1], separator)
    values = [parse_decimal(text) for text in texts[: len(cells)]]
    if len(values) < len(cells) or any(value is None for value in values):
        raise BadFileError(
            "truncated",
            f"the totals must be {len(cells)} numbers; download the bill again",
        )
    stated = {}
    for cell, value in zip(cells, values, strict=True):
        name, measures = names.get(cell, (None, ()))
        if name and value is not None:
            stated[name] = ControlTotal(name, value, measures)
    missing = required - stated.keys()
    if missing:
        raise BadFileError("truncated", f"the totals lack {', '.join(sorted(missing))}")
    return list(stated.values())
