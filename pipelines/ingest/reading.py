"""A document as recognised layout, batches of checked rows and footer lines.

What belongs here: reading the head, cutting the body out of its frame, Parquet as text. What does
not: checks (`checking`), pseudonyms, writing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from datetime import date

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.formats.catalogue import recognise
from pipelines.formats.format import BadFileError, Head, Layout, Survey
from pipelines.formats.mapping import Mapping
from pipelines.ingest.checking import Batch, normalised, row_checker
from pipelines.ingest.decoding import Decoder, LineBlock, line_blocks
from pipelines.ingest.files import Document, refuse_foreign_bytes
from pipelines.ingest.frame_sql import frame_sql
from pipelines.ingest.splitting import STRIPPED, join_quoted_lines, split

_HEAD_BYTES = 128 << 10
_HEAD_LINES = 60
_PARQUET_MAGIC = b"PAR1"
_PARQUET_ROWS = 50_000
# A summary has one line per store; a footer has at most five.
_MAX_FOOTER_LINES = 50_000
# Read at once: a JSON document has no place where it could be cut.
_MAX_JSON_CHARACTERS = 512 << 20


def read_head(document: Document, mappings: tuple[Mapping, ...] = ()) -> Head:
    """The first lines of a document; BadFileError when it is empty or no text at all."""
    with document.open() as stream:
        magic = stream.read(len(_PARQUET_MAGIC))
    if magic == _PARQUET_MAGIC:
        schema = _open_parquet(document).schema_arrow
        nested = [field.name for field in schema if pa.types.is_nested(field.type)]
        return Head((), "parquet", tuple(schema.names), tuple(nested))
    with document.open() as stream:
        beginning = _read_fully(stream, _HEAD_BYTES)
    refuse_foreign_bytes(beginning)
    if not beginning.strip(b"\xef\xbb\xbf \t\r\n"):
        raise BadFileError("empty_file", "there is no text in it; download it again")
    decoder = Decoder()
    # The last character may be cut in two here, so the text is not finished.
    text = next(decoder.texts(io.BytesIO(beginning), _HEAD_BYTES + 1))
    lines = tuple(line.removesuffix("\r") for line in text.split("\n")[:_HEAD_LINES])
    return Head(lines, decoder.encoding_name, is_workbook=document.is_workbook, mappings=mappings)


def _read_fully(stream: io.RawIOBase, size: int) -> bytes:
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _open_parquet(document: Document) -> pq.ParquetFile:
    with document.open() as stream:
        content = io.BytesIO(stream.read())
    try:
        return pq.ParquetFile(content)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadFileError(
            "truncated", "this Parquet file is damaged or was cut off; write it again", None
        ) from error


class DocumentReader:
    """Reads one document in batches; footer and encoding are known after the last batch."""

    def __init__(
        self,
        document: Document,
        ingest_day: date,
        options: Dict[str, str] | None = None,
        mappings: tuple[Mapping, ...] = (),
    ) -> None:
        self.document = document
        self.ingest_day = ingest_day
        head = read_head(document, mappings)
        self.encoding = head.encoding
        self.layout: Layout = recognise(head)
        spec = self.layout.format
        if spec.settle is not None:
            own = {
                name.removeprefix(f"{spec.source}."): value
                for name, value in (options or {}).items()
                if name.startswith(f"{spec.source}.")
            }
            self.layout = spec.settle(self.layout, Survey(self.values, own))
        self.footer_lines: list[str] = []
        self.footer_line: int | None = None
        # Rows of a summary: read as control totals, never loaded.
        self.summary_rows = 0

    def batches(self) -> Iterator[Batch]:
        """Checked rows in file order; the last batch says so."""
        for frame, is_last in self._split_frames(None):
            if self.layout.has_rows:
                checker = row_checker(self.layout)
                yield checker.batch(frame, self.ingest_day, is_last=is_last)

    def values(self, column: str) -> Iterator[pl.Series]:
        """One column only, unchecked: a cheap first pass over a document of several blocks."""
        for frame, _ in self._split_frames(column):
            yield normalised(frame[column], self.layout)

    def _split_frames(self, only: str | None) -> Iterator[tuple[pl.DataFrame, bool]]:
        if self.layout.dialect == "table":
            yield from _parquet_frames(self.document, self.layout, only)
            return
        if self.layout.dialect in {"document", "records"}:
            yield from self._split_records(only)
            return
        decoder = Decoder(is_utf8_only=self.layout.format.is_utf8_only)
        self.footer_lines, self.footer_line, self.summary_rows = [], None, 0
        rest: pl.DataFrame | None = None
        with self.document.open() as stream:
            for block in line_blocks(stream, decoder):
                frame = self._body(block)
                if self.layout.is_multiline:
                    frame = frame if rest is None else pl.concat([rest, frame])
                    frame, rest = join_quoted_lines(
                        frame,
                        len(self.layout.columns),
                        self.layout.separator,
                        is_last=block.is_last,
                    )
                yield split(frame, self.layout, only), block.is_last
        self.encoding = decoder.encoding_name

    def _split_records(self, only: str | None) -> Iterator[tuple[pl.DataFrame, bool]]:
        """Records of a JSON document or of nested Parquet, numbered from 1."""
        seen = 0
        blocks = (
            _nested_parquet_blocks(self.document)
            if self.layout.dialect == "records"
            else iter([(self._whole_text(), True)])
        )
        for texts, is_last in blocks:
            lines = texts.alias("_line").to_frame().with_row_index("_row_number", seen + 1)
            frame = split(
                lines.with_columns(pl.col("_row_number").cast(pl.Int64)), self.layout, only
            )
            yield _numbered_by_record(frame, seen), is_last
            seen += frame.height

    def _whole_text(self) -> pl.Series:
        decoder = Decoder(is_utf8_only=True)
        parts, size = [], 0
        with self.document.open() as stream:
            for text in decoder.texts(stream):
                parts.append(text)
                size += len(text)
                if size > _MAX_JSON_CHARACTERS:
                    raise BadFileError(
                        "archive_too_large",
                        f"one JSON document of more than {_MAX_JSON_CHARACTERS >> 20} million "
                        "characters; export a shorter time, or one object per line",
                    )
        self.encoding = decoder.encoding_name
        return pl.Series("_line", ["".join(parts)], dtype=pl.String)

    def _body(self, block: LineBlock) -> pl.DataFrame:
        """The block's data lines: no preamble, no header, no blank lines, no footer."""
        marks = self.layout.footer_marks if self.footer_line is None else ()
        line = pl.col("_line")
        frame = (
            block.lines.to_frame()
            .with_row_index("_row_number", block.first_line)
            .select(
                pl.col("_row_number").cast(pl.Int64),
                line,
                (line.str.strip_chars(STRIPPED + self.layout.separator) == "").alias("_is_blank"),
                pl.any_horizontal(
                    pl.lit(value=False), *(line.str.starts_with(m) for m in marks)
                ).alias("_is_footer"),
            )
        )
        if block.first_line <= self.layout.header_line:
            frame = frame.slice(self.layout.header_line + 1 - block.first_line)
        if self.layout.row_marks:
            return self._marked_body(frame)
        if frame["_is_footer"].any():
            self.footer_line = frame.filter("_is_footer")["_row_number"][0]
        if self.footer_line is not None:
            self._keep_footer(frame.filter(pl.col("_row_number") >= self.footer_line))
            frame = frame.filter(pl.col("_row_number") < self.footer_line)
        frame = frame.filter(~pl.col("_is_blank")).select("_row_number", "_line")
        if not self.layout.has_rows:
            self.summary_rows += frame.height
            self._keep_footer(frame)
            return frame.clear()
        return frame

    def _marked_body(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of a sectioned file; the lines around them are kept for its totals."""
        is_row = pl.any_horizontal(
            pl.col("_line").str.starts_with(mark) for mark in self.layout.row_marks
        )
        around = frame.filter(~is_row & ~pl.col("_is_blank"))
        if around.height:
            self.footer_line = around["_row_number"][-1]
            self._keep_footer(around)
        return frame.filter(is_row).select("_row_number", "_line")

    def _keep_footer(self, frame: pl.DataFrame) -> None:
        if len(self.footer_lines) + frame.height > _MAX_FOOTER_LINES:
            raise BadFileError(
                "after_footer",
                "there are rows after the totals; keep one bill per file, as downloaded",
                self.footer_line,
            )
        self.footer_lines.extend(frame["_line"])


def _parquet_frames(
    document: Document, layout: Layout, only: str | None
) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Record batches as text columns; `_row_number` is the record's number."""
    file = _open_parquet(document)
    wanted = {
        column: name
        for column, name in zip(file.schema_arrow.names, layout.columns, strict=True)
        if name is not None and (only is None or name == only)
    }
    total, seen = file.metadata.num_rows, 0
    for batch in _parquet_batches(file, list(wanted)):
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
        texts = [_as_text(frame[column]).alias(name) for column, name in wanted.items()]
        seen += frame.height
        yield _with_lineage(pl.DataFrame(texts), seen - frame.height), seen >= total
    if total == 0:
        empty = pl.DataFrame(schema=dict.fromkeys(wanted.values(), pl.String))
        yield _with_lineage(empty, 0), True


def _nested_parquet_blocks(document: Document) -> Iterator[tuple[pl.Series, bool]]:
    """Each record as JSON text; lists and records keep their shape."""
    file = _open_parquet(document)
    total, seen = file.metadata.num_rows, 0
    for batch in _read_batches(file, file.schema_arrow.names):
        with frame_sql(records=pa.Table.from_batches([batch])) as connection:
            table = connection.sql("select to_json(records)::varchar as _line from records")
            texts = pl.DataFrame(table.to_arrow_table())["_line"]
        seen += len(texts)
        yield texts, seen >= total
    if total == 0:
        yield pl.Series("_line", [], dtype=pl.String), True


def _numbered_by_record(frame: pl.DataFrame, seen: int) -> pl.DataFrame:
    numbers = pl.int_range(seen + 1, seen + 1 + pl.len(), dtype=pl.Int64)
    return frame.with_columns(numbers.alias("_row_number"))


def _parquet_batches(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for name in columns:
        if pa.types.is_nested(file.schema_arrow.field(name).type):
            raise BadFileError(
                "bad_column_type", f"the column {name} holds lists or records; write plain values"
            )
    yield from _read_batches(file, columns)


def _read_batches(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=_PARQUET_ROWS, columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadFileError("truncated", "this Parquet file is damaged; write it again") from error


def _with_lineage(frame: pl.DataFrame, rows_before: int) -> pl.DataFrame:
    numbered = frame.with_row_index("_row_number", rows_before + 1)
    return numbered.with_columns(
        pl.col("_row_number").cast(pl.Int64),
        # A record has no raw line; its own text stands for it in the rejects.
        pl.concat_str(pl.col(frame.columns).fill_null(""), separator="\x1f").alias("_line"),
        pl.lit(None, pl.String).alias("_problem"),
    )


def _as_text(column: pl.Series) -> pl.Series:
    """Text of a typed column; times keep their offset, naive ones show that they have none."""
    if isinstance(column.dtype, pl.Datetime):
        zone = "%:z" if column.dtype.time_zone else ""
        return column.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.6f{zone}")
    text = column.cast(pl.String).str.strip_chars(STRIPPED)
    return text.replace("", None)
