"""What a run of ingest did, and what the lake holds after it.

What belongs here: results per file, counts per source, refused files. What does not: doing it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pipelines.formats.catalogue import all_formats
from pipelines.ingest.ledger import INGESTED, QUARANTINED, DocumentRecord, FileRecord


@dataclass(frozen=True)
class FileResult:
    """What this run did with one file. `status`: ingested, quarantined, known, identical_copy."""

    source_file: str
    status: str
    rows_in_file: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_irrelevant: int = 0
    totals_checked: int = 0
    totals_matched: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuarantinedFile:
    """A document that was refused; `message` names file and line and says what to do."""

    file: str
    reason: str
    message: str
    line: int | None = None


@dataclass(frozen=True)
class SourceCounts:
    """Counts over all accepted documents of a source in the lake."""

    source: str
    documents: int
    rows_in_files: int
    rows_loaded: int
    rows_rejected: int
    rows_irrelevant: int
    totals_checked: int
    totals_matched: int


@dataclass(frozen=True)
class IngestSummary:
    """The state of the lake after a run, and what the run did.

    Row and total counts are over everything in the lake, so that they add up with the warehouse;
    `results` and the `files_…` counts are about this run's look at the inputs folder.
    """

    results: tuple[FileResult, ...]
    files_quarantined: tuple[QuarantinedFile, ...]
    by_source: dict[str, SourceCounts]
    nothing_new: bool
    digest: str
    warnings: tuple[str, ...] = field(default=())

    @property
    def files_seen(self) -> int:
        """Files in the inputs folder."""
        return len(self.results)

    @property
    def files_new(self) -> int:
        """Files accepted in this run."""
        return self._count(INGESTED)

    @property
    def files_known(self) -> int:
        """Files whose bytes were known: no work was done for them."""
        return self._count("known") + self._count("identical_copy")

    @property
    def identical_copies(self) -> int:
        """Files whose bytes are those of another file of the folder."""
        return self._count("identical_copy")

    @property
    def rows_in_files(self) -> int:
        """Rows in accepted documents = loaded + rejected + irrelevant."""
        return self._sum("rows_in_files")

    @property
    def rows_loaded(self) -> int:
        """Rows in the lake."""
        return self._sum("rows_loaded")

    @property
    def rows_rejected(self) -> int:
        """Rows in the rejects table, of accepted documents."""
        return self._sum("rows_rejected")

    @property
    def rows_irrelevant(self) -> int:
        """Rows declared irrelevant (summaries)."""
        return self._sum("rows_irrelevant")

    @property
    def totals_checked(self) -> int:
        """Control totals stated by accepted documents."""
        return self._sum("totals_checked")

    @property
    def totals_matched(self) -> int:
        """Control totals that agree with the rows."""
        return self._sum("totals_matched")

    @property
    def rows_loaded_now(self) -> int:
        """Rows that this run brought into the lake."""
        return sum(result.rows_loaded for result in self.results)

    def _count(self, status: str) -> int:
        return sum(result.status == status for result in self.results)

    def _sum(self, name: str) -> int:
        return sum(getattr(counts, name) for counts in self.by_source.values())


def summarise(
    results: tuple[FileResult, ...],
    unreadable: tuple[QuarantinedFile, ...],
    records: dict[str, FileRecord],
    digest: str,
    *,
    nothing_new: bool,
) -> IngestSummary:
    """The summary of a run from its results and the ledger after it."""
    documents = [document for record in records.values() for document in record.documents]
    refused = [
        QuarantinedFile(
            document.source_file, document.reason or "", document.message or "", document.line
        )
        for document in documents
        if document.status == QUARANTINED
    ]
    return IngestSummary(
        results=results,
        files_quarantined=tuple(
            sorted((*refused, *unreadable), key=lambda item: (item.file, item.reason))
        ),
        by_source={spec.source: _counts(spec.source, documents) for spec in all_formats()},
        nothing_new=nothing_new,
        digest=digest,
        warnings=tuple(
            f"{document.source_file}: {warning}"
            for document in sorted(documents, key=lambda item: item.source_file)
            for warning in document.warnings
        ),
    )


def _counts(source: str, documents: list[DocumentRecord]) -> SourceCounts:
    accepted = [
        document
        for document in documents
        if document.source == source and document.status == INGESTED
    ]
    return SourceCounts(source, len(accepted), *_sums(accepted))


def _sums(documents: list[DocumentRecord]) -> tuple[int, int, int, int, int, int]:
    sums: Counter[str] = Counter()
    for document in documents:
        for name in ("rows_in_file", "rows_loaded", "rows_rejected", "rows_irrelevant"):
            sums[name] += getattr(document, name)
        sums["checked"] += len(document.totals)
        sums["matched"] += sum(total.matched for total in document.totals)
    names = (
        "rows_in_file",
        "rows_loaded",
        "rows_rejected",
        "rows_irrelevant",
        "checked",
        "matched",
    )
    return tuple(sums[name] for name in names)


def result_of(record: FileRecord) -> FileResult:
    """What a run did with a file that it read."""
    accepted = [document for document in record.documents if document.status == INGESTED]
    return FileResult(
        record.source_file,
        record.status,
        *_sums(accepted),
        warnings=tuple(text for document in record.documents for text in document.warnings),
    )
