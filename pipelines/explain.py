"""Explains one file: which export it is, or why it is none, with a mapping to begin with.

What belongs here: `wallet doctor FILE`. What does not: the machine (`doctor`), reading rows.
Nothing shown here is a value of the file: only what formats say of themselves, and header texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.settings import Settings


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


def _explain(document: object, name: str, mappings: tuple) -> Explanation:
    from pipelines.formats.catalogue import recognise
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
        if draft is None:
            hint = (
                "no line of its beginning looks like a header of an export of payments, so there "
                "is no mapping to suggest; save it with its header, as CSV or text"
            )
            return Explanation(name, False, f"{error.message}{where}; {hint}")
        hint = f"its line {draft.line} looks like a header of {draft.columns} columns"
        return Explanation(name, False, f"{error.message}{where}; {hint}", draft.text)
    known = sum(column is not None for column in layout.columns)
    text = (
        f"{layout.format.source}, {layout.variant}: {known} of {len(layout.columns)} columns read"
    )
    notes = "".join(f"; {warning}" for warning in layout.warnings)
    return Explanation(name, True, text + notes)
