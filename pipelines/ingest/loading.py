"""One file to drafts of lake Parquet and the records of its documents.

What belongs here: all documents of a file, summaries held against their detail lists. What does
not: reading one document (`documents`), the order of files, the ledger, moving drafts into place
(`run`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from pipelines.formats.format import BadFileError
from pipelines.ingest.documents import Context, DocumentLoader, LoadedDocument, total_records
from pipelines.ingest.files import Document, list_documents
from pipelines.ingest.ledger import INGESTED, DocumentRecord, FileRecord
from pipelines.ingest.totals import compare, describe_mismatch


@dataclass(frozen=True)
class LoadedFile:
    """All documents of a file, not yet in the lake."""

    sha256: str
    source_file: str
    size_bytes: int
    documents: list[LoadedDocument]

    def record(self, ingested_at: datetime) -> FileRecord:
        """The ledger entry."""
        return FileRecord(
            self.sha256,
            self.source_file,
            self.size_bytes,
            ingested_at.isoformat(),
            tuple(document.record for document in self.documents),
        )


def load_file(path: Path, sha256: str, context: Context) -> LoadedFile:
    """Read every document of a file into drafts; what is wrong with the file is in the records.

    Raises only for faults that are not the file's (full disk, our own errors).
    """
    source_file = path.relative_to(context.workspace.inputs).as_posix()
    try:
        documents = [
            _load_document(document, source_file, sha256, context)
            for document in list_documents(path)
        ]
        _hold_summaries_against_details(documents)
    except BadFileError as error:
        record = DocumentRecord(0, "", source_file, INGESTED)
        record = record.quarantined(error.reason, error.message, error.line)
        documents = [LoadedDocument(record)]
    return LoadedFile(sha256, source_file, path.stat().st_size, documents)


def _load_document(
    document: Document, source_file: str, sha256: str, context: Context
) -> LoadedDocument:
    name = f"{source_file}::{document.member}" if document.member else source_file
    loaded = LoadedDocument(DocumentRecord(document.index, document.member, name, INGESTED))
    try:
        DocumentLoader(document, loaded, sha256, context).run()
    except BadFileError as error:
        loaded.quarantine(error.reason, error.message, error.line)
    return loaded


def _hold_summaries_against_details(documents: list[LoadedDocument]) -> None:
    """A summary's totals must be those of the detail lists of its account and period."""
    for summary in documents:
        layout = summary.layout
        if layout is None or layout.has_rows or summary.record.status != INGESTED:
            continue
        details = [
            other
            for other in documents
            if other.layout is not None
            and other.layout.has_rows
            and other.layout.format is layout.format
            and (other.layout.account, other.layout.period) == (layout.account, layout.period)
        ]
        if not details:
            warning = "there is no detail list beside this summary, so it proves nothing"
            summary.record = replace(summary.record, warnings=(warning,))
            continue
        if any(detail.record.status != INGESTED for detail in details):
            summary.quarantine("detail_quarantined", "the detail list beside it was refused")
            continue
        # Sums by value of a column (`measure:value`) are there only for values that were met.
        names = {name for detail in details for name in detail.sums}
        sums = {
            name: sum((detail.sums.get(name, Decimal(0)) for detail in details), Decimal(0))
            for name in names
        }
        totals = compare(summary.stated, sums, layout.format.currency)
        summary.record = replace(summary.record, totals=total_records(totals))
        if not all(total.matched for total in totals):
            text = f"summary and detail list disagree ({describe_mismatch(totals)})"
            for document in (summary, *details):
                document.quarantine("control_total_mismatch", f"{text}; download the zip again")
