"""Files of an export day: what a backfill reads again.

What belongs here: telling which day a file of the inputs folder is of. What does not: reading it
(`run` does, as it reads any file) or Dagster's partitions (`assets`).

The day is the last one that a document covers, as the ledger says, because exports hold late rows:
the day of a payment is no handle for a file. Of what was never accepted only the name tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import date

from pipelines.ingest.ledger import INGESTED, DocumentRecord, FileRecord

_DAY = re.compile(r"(?<!\d)(20\d{2})[-_]?(\d{2})[-_]?(\d{2})(?!\d)")


def day_in_name(name: str) -> date | None:
    """A day such as 20251101 or 2025-11-01 in a file name: all an empty bill tells of its day."""
    match = _DAY.search(name)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def days_of(name: str, record: FileRecord | None) -> frozenset[date]:
    """Export days of a file: of its accepted documents, else the day in its name.

    Args:
        name: path below the inputs folder.
        record: its entry in the ledger, None when it was never read.
    """
    documents = record.documents if record else ()
    days = record.days if record else frozenset()
    named = [item.source_file for item in documents if item.status != INGESTED]
    named += [] if days else [name]
    return frozenset(days | {day for text in named if (day := day_in_name(text)) is not None})


def documents_of(
    records: Mapping[str, FileRecord], days: Set[date]
) -> dict[date, list[DocumentRecord]]:
    """Accepted documents of the lake by export day, for these days; days without any are there."""
    found: dict[date, list[DocumentRecord]] = {day: [] for day in sorted(days)}
    for record in records.values():
        for document in record.documents:
            day = document.export_date and date.fromisoformat(document.export_date)
            if day in found and document.status == INGESTED:
                found[day].append(document)
    return found
