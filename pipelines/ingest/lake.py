"""The lake's Parquet: its columns, writing it incrementally, its folders.

What belongs here: the lake schema of a source, rows to lake rows (pseudonyms in, personal columns
out, vocabularies closed), temporary names. What does not: deciding whether a file is accepted.

Raw personal values end here: what this module writes holds keys instead.
"""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.formats.catalogue import all_formats
from pipelines.formats.format import Format, Layout
from pipelines.ingest.private import close_to_others, make_private_file, make_private_folder
from pipelines.ingest.vocabulary import close_vocabularies
from pipelines.settings import Workspace

if TYPE_CHECKING:
    from pipelines.ingest.key_ring import KeyRing

_LINEAGE = {
    "_source_file": pl.String,
    "_file_sha256": pl.String,
    "_row_number": pl.Int64,
    "_content_hash": pl.String,
    "_export_date": pl.Date,
    "_ingested_at": pl.Datetime("us"),
    "_resaved": pl.Boolean,
}
REJECTS_SCHEMA = {
    "source": pl.String,
    "_source_file": pl.String,
    "_file_sha256": pl.String,
    "_row_number": pl.Int64,
    "reason": pl.String,
    "message": pl.String,
    "row_hash": pl.String,
}
# Without a leading underscore: Spark passes over files that have one.
EMPTY_NAME = "empty.parquet"


@dataclass(frozen=True)
class Lineage:
    """What every row of a document carries about where it came from."""

    source_file: str
    file_sha256: str
    export_date: date | None
    ingested_at: datetime
    is_resaved: bool


def lake_schema(spec: Format) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Columns of a source in the lake, in order."""
    return {**dict.fromkeys(spec.lake_columns, pl.String), **_LINEAGE}


def lake_rows(
    rows: pl.DataFrame,
    layout: Layout,
    ring: KeyRing,
    lineage: Lineage,
    erased: frozenset[str] = frozenset(),
) -> pl.DataFrame:
    """Rows as the lake keeps them; the content hash covers what is kept, after pseudonyms.

    People who were erased come back in old exports: they stay nobody.
    """
    # Which writes by way of the ledger.
    from pipelines.ingest.erased import person_keys, without_erased

    spec = layout.format
    keys = {item.name: (item.domain, item.value) for item in spec.keys}
    kept = close_vocabularies(ring.current.with_pseudonyms(rows, keys), spec)
    people = {name: keys[name] for name in person_keys(spec)}
    before = ring.of_former_epochs(rows, people) if erased and people else []
    kept = without_erased(kept, spec, erased, before)
    constants = {name: layout.constants.get(name) for name in spec.constants}
    return (
        kept.with_columns(pl.lit(value, pl.String).alias(name) for name, value in constants.items())
        .with_columns(
            pl.lit(lineage.source_file).alias("_source_file"),
            pl.lit(lineage.file_sha256).alias("_file_sha256"),
            content_hash(spec).alias("_content_hash"),
            pl.lit(lineage.export_date, pl.Date).alias("_export_date"),
            pl.lit(lineage.ingested_at, pl.Datetime("us")).alias("_ingested_at"),
            pl.lit(lineage.is_resaved).alias("_resaved"),
        )
        .select(list(lake_schema(spec)))
    )


def content_hash(spec: Format) -> pl.Expr:
    """Hash of what is kept of a row, by which copies of one row are known."""
    content = pl.concat_str(pl.col(spec.lake_columns).fill_null("\x00"), separator="\x1f")
    return content.chash.blake3().str.slice(0, 32)


@cache
def _arrow_schema(columns: tuple[tuple[str, pl.DataType], ...]) -> pa.Schema:
    return pl.DataFrame(schema=dict(columns)).to_arrow().schema


class IncrementalParquet:
    """A Parquet file written block by block under a temporary name."""

    def __init__(self, path: Path, schema: dict) -> None:
        self.path = path
        self.rows = 0
        arrow_schema = _arrow_schema(tuple(schema.items()))
        make_private_file(path)
        # Measured: without dictionaries half the time and no larger, zstd finds the repeats.
        self._writer = pq.ParquetWriter(
            path, arrow_schema, compression="zstd", compression_level=1, use_dictionary=False
        )

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows as one row group."""
        if frame.height:
            self._writer.write_table(frame.to_arrow())
            self.rows += frame.height

    def close(self) -> None:
        """Finish the file and bring it to the disk."""
        self._writer.close()
        with self.path.open("rb+") as stream:
            os.fsync(stream.fileno())


def source_folder(workspace: Workspace, source: str) -> Path:
    """Folder of a source's Parquet files."""
    return workspace.lake / source


def rejects_folder(workspace: Workspace) -> Path:
    """Folder of rejected lines."""
    return workspace.lake / "_rejects"


def leaks_folder(workspace: Workspace) -> Path:
    """Folder of the leak index: keyed hashes by which raw ids would be recognised."""
    return workspace.lake / "_leaks"


def draft_folder(workspace: Workspace) -> Path:
    """Folder of files being written: same disk as the lake, so that a rename is atomic."""
    return workspace.lake / "_drafts"


def prepare_folders(workspace: Workspace) -> None:
    """Make the folders, each with a typed empty file so that a glob never finds nothing.

    All of it is closed to other users, also what an earlier version left open.
    """
    shutil.rmtree(draft_folder(workspace), ignore_errors=True)
    for folder in (workspace.lake, draft_folder(workspace), workspace.ledger):
        make_private_folder(folder)
    close_to_others(workspace.lake)
    schemas = {source_folder(workspace, spec.source): lake_schema(spec) for spec in all_formats()}
    schemas[rejects_folder(workspace)] = REJECTS_SCHEMA
    make_private_folder(leaks_folder(workspace))
    for folder, schema in schemas.items():
        make_private_folder(folder)
        empty = folder / EMPTY_NAME
        # Rewritten when a column was added to the format.
        if not empty.exists() or list(pl.read_parquet_schema(empty)) != list(schema):
            draft = _draft(empty, draft_folder(workspace))
            draft.write_bytes(_without_rows(tuple(schema.items())))
            draft.replace(empty)


@cache
def _without_rows(columns: tuple[tuple[str, pl.DataType | type[pl.DataType]], ...]) -> bytes:
    """A Parquet file of these columns, written once per process: it is always the same."""
    buffer = io.BytesIO()
    pl.DataFrame(schema=dict(columns)).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def write_parquet(frame: pl.DataFrame, path: Path, drafts: Path) -> None:
    """Write a small frame so that a reader sees the old file or the new one, never half."""
    draft = _draft(path, drafts)
    frame.write_parquet(draft, compression="zstd")
    draft.replace(path)


def _draft(path: Path, drafts: Path) -> Path:
    for folder in (drafts, path.parent):
        make_private_folder(folder)
    draft = drafts / f"{path.parent.name}-{path.name}"
    make_private_file(draft)
    return draft
