"""What the Dagster UI shows of the lake: columns, counts, control totals, rows a day.

What belongs here: ledger and formats as Dagster metadata. What does not: the assets that carry it.
Only counts and names of columns: metadata is kept in Dagster's event log, where no row may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from pipelines.formats.format import Format
from pipelines.ingest.export_days import documents_of
from pipelines.ingest.lake import REJECTS_SCHEMA, lake_schema, rejects_folder
from pipelines.ingest.ledger import INGESTED, QUARANTINED, DocumentRecord, FileRecord
from pipelines.ingest.summary import FileResult, IngestSummary, SourceCounts
from pipelines.ingest.tables import FILES_SCHEMA
from pipelines.pictures import daily_bars
from pipelines.settings import Workspace

# More reasons than these are in the table itself.
_REASONS_SHOWN = 20


def _schema(columns: Mapping[str, Any], words: Mapping[str, str] | None = None) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, str(kind), (words or {}).get(name))
            for name, kind in columns.items()
        ]
    )


def source_columns(spec: Format) -> dg.TableSchema:
    """Columns of a source in the lake, with the header they come from."""
    words = {column.name: " / ".join(column.headers) for column in spec.columns if column.keep}
    words |= {key.name: f"pseudonym ({key.domain})" for key in spec.keys}
    return _schema(lake_schema(spec), words)


_REJECT_WORDS = {
    "source": "export the file was recognised as",
    "_source_file": "path in landing, with ::member of an archive",
    "_file_sha256": "of the file's bytes",
    "_row_number": "line of a text, record of a table, from 1",
    "reason": "short name of the fault",
    "message": "what was expected and what to do; no value of the row",
    "row_hash": "keyed hash of the line: equal lines have equal ones",
}
_FILE_WORDS = _REJECT_WORDS | {
    "file_sha256": "of the file's bytes",
    "member": "file inside an archive, sheet of a workbook; empty if none",
    "source_file": "path in landing, with ::member of an archive",
    "variant": "which form of the export its header is",
    "status": "ingested or quarantined",
    "message": "why it was quarantined, and what to do",
    "account": "merchant account that the file names",
    "period_start": "first day that the file says it covers, or has rows of",
    "period_end": "last such day",
    "export_date": "day of the export, by which days are read again",
    "encoding": "as decoded",
    "is_resaved": "whether a spreadsheet saved it again",
    "rows_in_file": "= loaded + rejected + irrelevant",
    "rows_loaded": "rows in the lake",
    "rows_rejected": "rows that could not be read, each in lake/rejects",
    "rows_irrelevant": "totals and rows declared to be none of our business",
    "totals_checked": "control totals of the file that were compared",
    "totals_matched": "those that agreed",
    "size_bytes": "of the file",
    "ingested_at": "when it was first read, UTC",
}
REJECT_COLUMNS = _schema(REJECTS_SCHEMA, _REJECT_WORDS)
FILE_COLUMNS = _schema(FILES_SCHEMA, _FILE_WORDS)


def of_source(counts: SourceCounts, records: Mapping[str, FileRecord]) -> dict[str, Any]:
    """Rows, rejects and control totals of a source, and its rows by export day."""
    days: Counter[date] = Counter()
    for record in records.values():
        for item in record.documents:
            if item.source == counts.source and item.status == INGESTED and item.export_date:
                days[date.fromisoformat(item.export_date)] += item.rows_loaded
    return {
        "dagster/row_count": counts.rows_loaded,
        "documents": counts.documents,
        "rows_in_files": counts.rows_in_files,
        "rows_rejected": counts.rows_rejected,
        "rows_irrelevant": counts.rows_irrelevant,
        "control_totals_checked": counts.totals_checked,
        "control_totals_matched": counts.totals_matched,
        "rows_by_export_day": dg.MetadataValue.md(daily_bars(list(days.items()), "rows")),
    }


def of_rejects(workspace: Workspace, rows: int) -> dict[str, Any]:
    """Rejected lines by source and reason; which lines is in the table, not here."""
    reasons = (
        # A folder's name may hold what a pattern would take for its own.
        pl.read_parquet(
            sorted(rejects_folder(workspace).glob("*.parquet")),
            columns=["source", "reason"],
            glob=False,
        )
        .group_by("source", "reason")
        .len()
        .sort(pl.col("len"), "source", "reason", descending=[True, False, False])
    )
    lines = [
        f"| {source} | {reason} | {count:,} |"
        for source, reason, count in reasons.head(_REASONS_SHOWN).iter_rows()
    ]
    table = "\n".join(["| source | reason | lines |", "|---|---|---:|", *lines])
    return {
        "dagster/row_count": rows,
        "reasons": dg.MetadataValue.md(table if lines else "No line was rejected."),
    }


def of_files(summary: IngestSummary) -> dict[str, Any]:
    """What a run found in the inputs folder, and the books of every source."""
    lines = [
        f"| {counts.source} | {counts.documents:,} | {counts.rows_in_files:,} "
        f"| {counts.rows_loaded:,} | {counts.rows_rejected:,} | {counts.rows_irrelevant:,} "
        f"| {counts.totals_matched:,} of {counts.totals_checked:,} |"
        for counts in summary.by_source.values()
        if counts.documents
    ]
    head = [
        "| source | documents | rows in files | loaded | rejected | irrelevant | totals matched |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    return {
        "files_seen": summary.files_seen,
        "files_new": summary.files_new,
        "files_known": summary.files_known,
        "files_quarantined": len(summary.files_quarantined),
        "nothing_new": summary.nothing_new,
        "ledger_digest": summary.digest,
        "books": dg.MetadataValue.md("\n".join([*head, *lines])),
        "warnings": dg.MetadataValue.md("\n".join(f"- {text}" for text in summary.warnings)),
    }


def of_days(
    records: Mapping[str, FileRecord], days: Collection[date], results: Collection[FileResult]
) -> dict[date, dict[str, Any]]:
    """What the lake holds of each export day after it was read again.

    `not_read_again` counts documents of files that were taken out of the inputs folder: their rows
    stay as they were read before.
    """
    read = {result.source_file for result in results}
    refused = sum(result.status == QUARANTINED for result in results)
    found = documents_of(records, set(days))
    return {
        day: _day(documents, read) | {"files_quarantined_in_this_run": refused}
        for day, documents in found.items()
    }


def _day(documents: Collection[DocumentRecord], read: set[str]) -> dict[str, Any]:
    totals = [total for document in documents for total in document.totals]
    gone = [item for item in documents if item.source_file.split("::")[0] not in read]
    return {
        "dagster/partition_row_count": sum(item.rows_loaded for item in documents),
        "documents": len(documents),
        "not_read_again": len(gone),
        "rows_in_files": sum(item.rows_in_file for item in documents),
        "rows_rejected": sum(item.rows_rejected for item in documents),
        "rows_irrelevant": sum(item.rows_irrelevant for item in documents),
        "control_totals_checked": len(totals),
        "control_totals_matched": sum(total.matched for total in totals),
    }
