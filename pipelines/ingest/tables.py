"""The tables `_files` and `_control_totals` of the lake, drawn from the ledger.

What belongs here: ledger records as rows for dbt and analysts. What does not: the ledger itself.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from pipelines.ingest.lake import draft_folder, write_parquet
from pipelines.ingest.ledger import DocumentRecord, FileRecord
from pipelines.settings import Workspace

_MONEY = pl.Decimal(18, 4)
FILES_SCHEMA = {
    "file_sha256": pl.String,
    "member": pl.String,
    "source_file": pl.String,
    "source": pl.String,
    "variant": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "message": pl.String,
    "account": pl.String,
    "period_start": pl.Date,
    "period_end": pl.Date,
    "export_date": pl.Date,
    "encoding": pl.String,
    "is_resaved": pl.Boolean,
    "rows_in_file": pl.Int64,
    "rows_loaded": pl.Int64,
    "rows_rejected": pl.Int64,
    "rows_irrelevant": pl.Int64,
    "totals_checked": pl.Int32,
    "totals_matched": pl.Int32,
    "size_bytes": pl.Int64,
    "ingested_at": pl.Datetime("us"),
}
_TOTALS_SCHEMA = {
    "file_sha256": pl.String,
    "member": pl.String,
    "source": pl.String,
    "total_name": pl.String,
    "currency": pl.String,
    "expected": _MONEY,
    "actual": _MONEY,
    "matched": pl.Boolean,
}


def write_tables(workspace: Workspace, records: dict[str, FileRecord]) -> None:
    """Draw `_files/files.parquet` and `_control_totals/totals.parquet` from the ledger."""
    files, totals = [], []
    for record in sorted(records.values(), key=lambda item: (item.source_file, item.sha256)):
        for document in record.documents:
            files.append(_file_row(record, document))
            totals.extend(_total_rows(record, document))
    drafts = draft_folder(workspace)
    tables = (
        ("_files/files", files, FILES_SCHEMA),
        ("_control_totals/totals", totals, _TOTALS_SCHEMA),
    )
    for name, rows, schema in tables:
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        write_parquet(frame, workspace.lake / f"{name}.parquet", drafts)


def _file_row(record: FileRecord, document: DocumentRecord) -> dict:
    row = {name: getattr(document, name) for name in FILES_SCHEMA if hasattr(document, name)}
    dates = {
        name: None if row[name] is None else date.fromisoformat(row[name])
        for name in ("period_start", "period_end", "export_date")
    }
    return {
        **row,
        **dates,
        "file_sha256": record.sha256,
        "totals_checked": len(document.totals),
        "totals_matched": sum(total.matched for total in document.totals),
        "size_bytes": record.size_bytes,
        "ingested_at": datetime.fromisoformat(record.ingested_at),
    }


def _total_rows(record: FileRecord, document: DocumentRecord) -> list[dict]:
    return [
        {
            **asdict(total),
            "file_sha256": record.sha256,
            "member": document.member,
            "source": document.source,
            "expected": Decimal(total.expected),
            "actual": Decimal(total.actual),
        }
        for total in document.totals
    ]
