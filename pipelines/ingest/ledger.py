"""The ledger: one JSON per file ever seen, by content hash, written after everything else.

What belongs here: records of files and documents, atomic writing, tidying up after a killed run,
the lock. What does not: reading exports, the tables drawn from the ledger (`tables`).

A file's entry is the last thing written for it. Parquet without an entry therefore belongs to a run
that was killed, and is removed at the start of the next one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from pipelines.formats.catalogue import all_formats
from pipelines.ingest.lake import (
    EMPTY_NAME,
    draft_folder,
    leaks_folder,
    rejects_folder,
    source_folder,
)
from pipelines.ingest.private import make_private_file, make_private_folder
from pipelines.settings import Workspace

# Raise it when a reader changes what it makes of the same bytes: everything is read again.
READER_VERSION = 5
INGESTED, QUARANTINED = "ingested", "quarantined"


class IngestBusyError(Exception):
    """Another process is ingesting into the same lake."""


@dataclass(frozen=True)
class TotalRecord:
    """One control total; numbers as text, so that JSON keeps them exact."""

    total_name: str
    currency: str | None
    expected: str
    actual: str
    matched: bool


@dataclass(frozen=True)
class DocumentRecord:
    """What became of one document; counts obey in file = loaded + rejected + irrelevant."""

    index: int
    member: str
    # Path inside the inputs, with `::member` for archive members; as in the lake's rows.
    source_file: str
    status: str
    source: str | None = None
    variant: str | None = None
    reason: str | None = None
    message: str | None = None
    line: int | None = None
    account: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    export_date: str | None = None
    encoding: str | None = None
    is_resaved: bool = False
    rows_in_file: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_irrelevant: int = 0
    totals: tuple[TotalRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    has_rows_file: bool = False
    has_rejects_file: bool = False
    has_leaks_file: bool = False

    def quarantined(self, reason: str, message: str, line: int | None = None) -> DocumentRecord:
        """The same document refused: nothing of it is loaded."""
        where = self.source_file if line is None else f"{self.source_file}, line {line}"
        return replace(
            self,
            status=QUARANTINED,
            reason=reason,
            message=f"{where}: {message}",
            line=line,
            rows_in_file=0,
            rows_loaded=0,
            rows_rejected=0,
            rows_irrelevant=0,
            has_rows_file=False,
            has_leaks_file=False,
        )


@dataclass(frozen=True)
class FileRecord:
    """One file by content; quarantined as soon as one of its documents is."""

    sha256: str
    source_file: str
    size_bytes: int
    ingested_at: str
    documents: tuple[DocumentRecord, ...]
    reader_version: int = field(default=READER_VERSION)
    # Refused documents were dropped when the file was taken away: should it come back, it is read
    # again, so that they are reported again.
    is_pruned: bool = False

    @property
    def status(self) -> str:
        """ingested, or quarantined when any document is."""
        bad = any(document.status == QUARANTINED for document in self.documents)
        return QUARANTINED if bad else INGESTED

    @property
    def days(self) -> frozenset[date]:
        """Export days of its documents."""
        days = [document.export_date for document in self.documents if document.export_date]
        return frozenset(date.fromisoformat(day) for day in days)

    def pruned(self) -> FileRecord:
        """The same file without its refused documents."""
        kept = tuple(document for document in self.documents if document.status == INGESTED)
        return replace(self, documents=kept, is_pruned=True)


def rows_path(workspace: Workspace, sha256: str, document: DocumentRecord) -> Path:
    """Parquet of a document's rows."""
    folder = source_folder(workspace, document.source or "")
    return folder / f"{sha256[:16]}-{document.index}.parquet"


def rejects_path(workspace: Workspace, sha256: str, index: int) -> Path:
    """Parquet of a document's rejected lines."""
    return rejects_folder(workspace) / f"{sha256[:16]}-{index}.parquet"


def leaks_path(workspace: Workspace, sha256: str, index: int) -> Path:
    """Parquet of the leak index of a document."""
    return leaks_folder(workspace) / f"{sha256[:16]}-{index}.parquet"


def parquet_paths(workspace: Workspace, record: FileRecord) -> set[Path]:
    """All Parquet files the record stands for."""
    rows = {
        rows_path(workspace, record.sha256, doc) for doc in record.documents if doc.has_rows_file
    }
    rejects = {
        rejects_path(workspace, record.sha256, doc.index)
        for doc in record.documents
        if doc.has_rejects_file
    }
    leaks = {
        leaks_path(workspace, record.sha256, doc.index)
        for doc in record.documents
        if doc.has_leaks_file
    }
    return rows | rejects | leaks


def read_ledger(workspace: Workspace) -> dict[str, FileRecord]:
    """All records by content hash, those of earlier reader versions included."""
    records = {}
    for path in sorted(workspace.ledger.glob("*.json")):
        record = _record_from_json(json.loads(path.read_text(encoding="utf-8")))
        records[record.sha256] = record
    return records


def quarantined_documents(workspace: Workspace) -> list[DocumentRecord]:
    """Documents that are refused at present, sorted by file."""
    refused = [
        document
        for record in read_ledger(workspace).values()
        for document in record.documents
        if document.status == QUARANTINED
    ]
    return sorted(refused, key=lambda document: document.source_file)


def _record_from_json(content: dict) -> FileRecord:
    documents = tuple(
        DocumentRecord(
            **{
                **document,
                "totals": tuple(TotalRecord(**total) for total in document["totals"]),
                "warnings": tuple(document["warnings"]),
            }
        )
        for document in content["documents"]
    )
    return FileRecord(**{**content, "documents": documents})


def write_record(workspace: Workspace, record: FileRecord) -> None:
    """Make the record durable, atomically; call it last for a file."""
    write_json(workspace.ledger / f"{record.sha256}.json", asdict(record), workspace)


def remove_record(workspace: Workspace, record: FileRecord) -> None:
    """Remove a file's entry, then its Parquet: what a kill leaves is tidied by the next run."""
    (workspace.ledger / f"{record.sha256}.json").unlink(missing_ok=True)
    for path in parquet_paths(workspace, record):
        path.unlink(missing_ok=True)


def write_json(path: Path, content: object, workspace: Workspace) -> None:
    """Write JSON so that a reader sees the old text or the new one, also after a power cut."""
    draft = draft_folder(workspace) / path.name
    make_private_file(draft)
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def tidy(workspace: Workspace, records: dict[str, FileRecord], shas: set[str]) -> None:
    """Bring lake and ledger together; changes `records` in place.

    Forgets entries whose Parquet is gone and entries of another reader version (both are read
    again; rows of a file that was taken away stay as they were read), and of files that were taken
    away the quarantined documents; removes Parquet that no entry stands for.
    """
    for sha256, record in list(records.items()):
        is_outdated = record.reader_version != READER_VERSION and sha256 in shas
        if is_outdated or not all(path.exists() for path in parquet_paths(workspace, record)):
            del records[sha256]
        elif sha256 not in shas and record.status == QUARANTINED:
            pruned = record.pruned()
            if pruned.documents:
                write_record(workspace, pruned)
                records[sha256] = pruned
            else:
                del records[sha256]
    for path in workspace.ledger.glob("*.json"):
        if path.stem not in records:
            path.unlink()
    known = {path for record in records.values() for path in parquet_paths(workspace, record)}
    folders = [source_folder(workspace, spec.source) for spec in all_formats()]
    for folder in (*folders, rejects_folder(workspace), leaks_folder(workspace)):
        for path in folder.glob("*.parquet"):
            if path not in known and path.name != EMPTY_NAME:
                path.unlink()


def ledger_digest(workspace: Workspace) -> str:
    """Hash of what the lake holds: sorted (file, status); changes when a file comes or changes."""
    lines = sorted(f"{sha} {record.status}" for sha, record in read_ledger(workspace).items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextlib.contextmanager
def only_ingest(workspace: Workspace) -> Iterator[None]:
    """Hold the lake for this process; IngestBusyError when another one does.

    The system frees the lock when a process dies, so a killed run blocks nobody.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: one run at a time is left to the user there
        yield
        return
    make_private_folder(workspace.lake)
    lock = workspace.lake / "_lock"
    make_private_file(lock)
    with lock.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IngestBusyError(
                f"Another run is reading exports into {workspace.lake}; wait until it ends."
            ) from error
        yield
