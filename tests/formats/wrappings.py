"""The same export written otherwise: columns elsewhere, other line ends, quotes, BOM, containers.

Works on any export by asking the format where its header and rows are: lines, fields that span
lines, sections with names of their own, keys of JSON objects, columns of Parquet. Workbooks and
archives are only packed, as are sections without names, whose columns are told by their place.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from dataclasses import dataclass
from datetime import date

from pipelines.formats.catalogue import recognise
from pipelines.ingest.files import Document
from pipelines.ingest.mappings import load_mappings
from pipelines.ingest.reading import DocumentReader, read_head
from pipelines.settings import Settings

EXTRA = "额外Extra"
# Those that come with the project.
MAPPINGS = load_mappings(Settings())


@dataclass(frozen=True)
class Wrapping:
    """How to write an export again."""

    seed: int
    shuffles: bool
    has_extra: bool
    line_end: str
    has_bom: bool
    is_quoted: bool
    container: str


def rewritten(content: bytes, how: Wrapping, options: dict[str, str]) -> bytes:
    """The export written as `how` says, then packed."""
    if content.startswith(b"PAR1"):
        return _packed(_parquet_rewritten(content, how), how.container)
    return _packed(_text_rewritten(content, how, options), how.container)


def _parquet_rewritten(content: bytes, how: Wrapping) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(content))
    if how.has_extra:
        table = table.append_column(EXTRA, pa.array([EXTRA] * table.num_rows))
    names = list(table.column_names)
    if how.shuffles:
        random.Random(how.seed).shuffle(names)
    buffer = io.BytesIO()
    pq.write_table(table.select(names), buffer)
    return buffer.getvalue()


def _text_rewritten(content: bytes, how: Wrapping, options: dict[str, str]) -> bytes:
    if content.startswith((b"PK", b"\x1f\x8b")):
        return content
    document = Document(0, "", lambda: io.BytesIO(content))
    head = read_head(document, MAPPINGS)
    layout = recognise(head)
    encoding = "gb18030" if head.encoding == "gb18030" else "utf-8"
    text = content.decode(encoding).removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").split("\n")
    if layout.dialect == "json":
        lines = [_keys_moved(line, how) for line in lines]
    elif layout.dialect == "document":
        lines = [_keys_moved("\n".join(lines), how, takes_extra=False)]
    elif layout.row_marks:
        lines = _with_sections_moved(lines, layout, how)
    elif layout.is_multiline:
        head, rows = lines[: layout.header_line - 1], lines[layout.header_line - 1 :]
        lines = [*head, *_with_records_moved("\n".join(rows), layout, how)]
    elif layout.header_line:
        body = _body_lines(document, options)
        lines = _with_columns_moved(lines, body, layout, how)
    end = how.line_end if layout.dialect != "document" else "\n"
    bom = "\ufeff" if how.has_bom and encoding == "utf-8" and layout.dialect != "document" else ""
    return (bom + end.join(lines)).encode(encoding)


def _body_lines(document: Document, options: dict[str, str]) -> set[int]:
    """Numbers (1-based) of the lines that are rows, as the reader itself finds them."""
    reader = DocumentReader(document, date(2026, 11, 26), options, MAPPINGS)
    numbers: set[int] = set()
    for frame, _ in reader._split_frames(None):  # noqa: SLF001 no other way to ask for rows only
        numbers.update(frame["_row_number"])
    return numbers


def _with_columns_moved(lines, body, layout, how):  # noqa: ANN001, ANN202
    order = _order(range(len(layout.columns)), how)
    out = []
    for number, line in enumerate(lines, start=1):
        if number != layout.header_line and number not in body:
            out.append(line)
            continue
        is_row = number in body
        cells = _cells(line, layout, is_row)
        mark = "`" if is_row and layout.dialect == "backtick" else ""
        cells = _moved(cells, order, how, extra=mark + EXTRA)
        out.append(_joined(cells, layout, is_row and how.is_quoted))
    return out


def _with_records_moved(text, layout, how):  # noqa: ANN001, ANN202
    """A header and records whose quoted fields may hold line ends."""
    order = _order(range(len(layout.columns)), how)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator)
    return [
        _joined(_moved(cells, order, how), layout, how.is_quoted and at > 0) if cells else ""
        for at, cells in enumerate(records)
    ]


def _with_sections_moved(lines, layout, how):  # noqa: ANN001, ANN202
    """PayPal's sections: the mark stays in front; without column names (CH) nothing may move."""
    rows = [next(csv.reader([line], delimiter=layout.separator), []) for line in lines]
    if not any(row and row[0] == "CH" for row in rows):
        return lines
    order = [0, *_order(range(1, len(layout.columns)), how)]
    return [
        _joined(_moved(row, order, how, first=1), layout, how.is_quoted)
        if row and row[0] in {"CH", "SB"}
        else line
        for line, row in zip(lines, rows, strict=True)
    ]


def _keys_moved(text, how, *, takes_extra=True):  # noqa: ANN001, ANN202
    """A JSON object with its keys, and those of objects in it, in another order."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if how.has_extra and takes_extra and isinstance(value, dict):
        value[EXTRA] = EXTRA
    return json.dumps(_shuffled(value, how), ensure_ascii=False)


def _shuffled(value, how):  # noqa: ANN001, ANN202
    if isinstance(value, list):
        return [_shuffled(item, how) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _shuffled(value[key], how) for key in _order(value, how)}


def _order(things, how):  # noqa: ANN001, ANN202
    order = list(things)
    if how.shuffles:
        random.Random(how.seed).shuffle(order)
    return order


def _moved(cells, order, how, *, extra=EXTRA, first=0):  # noqa: ANN001, ANN202
    cells = [cells[at] if at < len(cells) else "" for at in order]
    if how.has_extra:
        cells.insert(random.Random(how.seed + 1).randint(first, len(cells)), extra)
    return cells


def _cells(line, layout, is_row):  # noqa: ANN001, ANN202
    if layout.dialect == "backtick" and is_row:
        return ["`" + cell for cell in line.removeprefix("`").split(",`")]
    return next(csv.reader([line], delimiter=layout.separator))


def _joined(cells, layout, is_quoted):  # noqa: ANN001, ANN202
    separator = layout.separator
    if layout.dialect == "backtick":
        return separator.join(cells)
    return separator.join(
        '"' + cell.replace('"', '""') + '"'
        if is_quoted or separator in cell or '"' in cell or "\n" in cell
        else cell
        for cell in cells
    )


def _packed(content: bytes, container: str) -> bytes:
    if content.startswith((b"PK", b"\x1f\x8b")) or container == "plain":
        return content
    if container in {"gz", "zip of gz"}:
        content = gzip.compress(content)
    if container == "gz":
        return content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("anything.csv", content)
    return buffer.getvalue()
