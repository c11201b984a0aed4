"""Explains one file: which export it is and what a run would make of it, or why it is none.

What belongs here: `wallet doctor FILE`. What does not: the machine (`doctor`), reading rows.
Nothing shown here is a person's: only what formats say of themselves, header texts, counts, and the
file's own totals.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.settings import Settings, Workspace

if TYPE_CHECKING:
    from pipelines.ingest.ledger import DocumentRecord

_REJECTS_SHOWN = 3


@dataclass(frozen=True)
class Explanation:
    """What one document of a file is. `draft` is a mapping to begin with, or empty."""

    name: str
    ok: bool
    text: str
    draft: str = ""


def explain(path: Path, settings: Settings) -> Iterator[Explanation]:
    """Every document in a file, in order.

    Raises MappingError when a mapping file is wrong, OSError when the file cannot be opened.
    """
    from pipelines.formats.format import BadFileError
    from pipelines.ingest.files import list_documents
    from pipelines.ingest.mappings import load_mappings

    mappings = load_mappings(settings)
    try:
        documents = list_documents(path)
    except BadFileError as error:
        yield Explanation(path.name, False, error.message)
        return
    for document in documents:
        name = f"{path.name}::{document.member}" if document.member else path.name
        yield _explain(document, name, mappings)


def try_reading(path: Path, settings: Settings) -> Iterator[Explanation]:
    """What a run would make of the whole file, document by document.

    It is read by the code of a run, into a folder that is deleted at once and under a key that
    nobody keeps. Raises MappingError and OSError as `explain` does.
    """
    from pipelines.ingest.accounts import known_accounts
    from pipelines.ingest.documents import Context
    from pipelines.ingest.files import sha256_of
    from pipelines.ingest.key_ring import KeyRing
    from pipelines.ingest.lake import prepare_folders
    from pipelines.ingest.loading import load_file
    from pipelines.ingest.mappings import load_mappings
    from pipelines.ingest.pseudonyms import PseudonymKey

    path = path.resolve()
    accounts = known_accounts(settings.open_workspace(), is_lake_empty=False)
    with tempfile.TemporaryDirectory(prefix="wallet-doctor-") as folder:
        trial = Workspace("merchant", path.parent, Path(folder), settings)
        prepare_folders(trial)
        ring = KeyRing(PseudonymKey(secrets.token_hex(32)))
        now = datetime.now(UTC).replace(tzinfo=None)
        context = Context(trial, ring, now, accounts, load_mappings(settings))
        for document in load_file(path, sha256_of(path), context).documents:
            record = document.record
            ok = record.status == "ingested" and not record.rows_rejected
            rejects = _rejects(document.rejects_draft)
            yield Explanation(record.source_file, ok, _outcome(record) + rejects)


def _outcome(record: DocumentRecord) -> str:
    if record.status != "ingested":
        return f"the whole file would be quarantined: {record.message}"
    parts = [f"the whole file: {record.rows_in_file:,} rows, {record.rows_loaded:,} would be read"]
    if record.rows_irrelevant:
        parts.append(f"{record.rows_irrelevant:,} are totals or none of our business")
    parts.append(f"{record.rows_rejected:,} rejected")
    if record.period_start:
        parts.append(f"days {record.period_start} to {record.period_end}")
    totals = [
        f"{total.total_name}{f' {total.currency}' if total.currency else ''} {total.expected}"
        for total in record.totals
    ]
    if totals:
        parts.append(f"its own {len(totals)} totals agree ({', '.join(totals)})")
    else:
        parts.append("it prints no totals to compare with")
    return "; ".join([*parts, *record.warnings])


def _rejects(draft: Path | None) -> str:
    """The first rejected rows with their line and reason."""
    if draft is None:
        return ""
    import polars as pl

    rows = pl.read_parquet(draft).head(_REJECTS_SHOWN).rows(named=True)
    return "".join(f"\n  line {row['_row_number']}: {row['message']}" for row in rows)


def _explain(document: object, name: str, mappings: tuple) -> Explanation:
    from pipelines.formats.catalogue import UNKNOWN_ADVICE, recognise
    from pipelines.formats.format import BadFileError
    from pipelines.formats.mapping_draft import draft_mapping
    from pipelines.ingest.reading import read_head

    head = None
    try:
        head = read_head(document, mappings)
        layout = recognise(head)
    except BadFileError as error:
        where = f" (line {error.line})" if error.line else ""
        # Only a file that is nothing known can be described by a mapping.
        if head is None or error.reason != "unrecognised":
            return Explanation(name, False, error.message + where)
        draft = draft_mapping(head)
        told = error.message.removesuffix(UNKNOWN_ADVICE) + where
        if draft is None:
            hint = (
                "no line of its beginning looks like a header of an export of payments, so there "
                "is no mapping to suggest; take the original export, or save this one with its "
                "header, as CSV or text"
            )
            return Explanation(name, False, f"{told}; {hint}")
        hint = f"its line {draft.line} looks like a header of {draft.columns} columns"
        return Explanation(name, False, f"{told}; {hint}", draft.text)
    known = sum(column is not None for column in layout.columns)
    text = (
        f"{layout.format.source}, {layout.variant}: {known} of {len(layout.columns)} columns read"
    )
    notes = "".join(f"; {warning}" for warning in layout.warnings)
    return Explanation(name, True, text + notes)
