"""The same export written otherwise: columns elsewhere, other line ends, quotes, BOM, containers.

Works on any text export with a header line by asking the format where its header and rows are; what
cannot be rewritten (records of JSON, Parquet, workbooks, fields that span lines) is only packed.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from dataclasses import dataclass
from datetime import date

from pipelines.formats.catalogue import recognise
from pipelines.ingest.files import Document
from pipelines.ingest.mappings import load_mappings
from pipelines.ingest.reading import DocumentReader, read_head
from pipelines.settings import Settings

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
    return _packed(_text_rewritten(content, how, options), how.container)


def _text_rewritten(content: bytes, how: Wrapping, options: dict[str, str]) -> bytes:
    if content.startswith((b"PK", b"PAR1", b"\x1f\x8b")):
        return content
    document = Document(0, "", lambda: io.BytesIO(content))
    head = read_head(document, MAPPINGS)
    layout = recognise(head)
    encoding = "gb18030" if head.encoding == "gb18030" else "utf-8"
    text = content.decode(encoding).removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").split("\n")
    if layout.dialect in {"backtick", "quoted"} and layout.header_line and not layout.is_multiline:
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
    order = list(range(len(layout.columns)))
    if how.shuffles:
        random.Random(how.seed).shuffle(order)
    out = []
    for number, line in enumerate(lines, start=1):
        if number != layout.header_line and number not in body:
            out.append(line)
            continue
        is_row = number in body
        cells = _cells(line, layout, is_row)
        cells = [cells[at] if at < len(cells) else "" for at in order]
        if how.has_extra:
            at = random.Random(how.seed + 1).randint(0, len(cells))
            cells.insert(at, ("`" if is_row and layout.dialect == "backtick" else "") + "额外Extra")
        out.append(_joined(cells, layout, is_row and how.is_quoted))
    return out


def _cells(line, layout, is_row):  # noqa: ANN001, ANN202
    if layout.dialect == "backtick" and is_row:
        return ["`" + cell for cell in line.removeprefix("`").split(",`")]
    import csv

    return next(csv.reader([line], delimiter=layout.separator))


def _joined(cells, layout, is_quoted):  # noqa: ANN001, ANN202
    separator = layout.separator
    if layout.dialect == "backtick":
        return separator.join(cells)
    return separator.join(
        '"' + cell.replace('"', '""') + '"'
        if is_quoted or separator in cell or '"' in cell
        else cell
        for cell in cells
    )


def _packed(content: bytes, container: str) -> bytes:
    if content.startswith((b"PK", b"\x1f\x8b")) or container == "plain":
        return content
    if container == "gz":
        return gzip.compress(content)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("anything.csv", content)
    return buffer.getvalue()
