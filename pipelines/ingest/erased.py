"""The list of erased people: pseudonyms that may never come back.

What belongs here: reading and writing the list. What does not: erasing (`publish.erasure`). It
holds pseudonyms and days only; whoever has no key cannot tell whose they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from pipelines.ingest.ledger import write_json
from pipelines.settings import Workspace

NAME = "_erased.json"


def read_erased(workspace: Workspace) -> frozenset[str]:
    """Pseudonyms (UUID text) of everybody who was erased."""
    path = workspace.lake / NAME
    if not path.is_file():
        return frozenset()
    return frozenset(json.loads(path.read_text(encoding="utf-8")))


def add_erased(workspace: Workspace, pseudonyms: Iterable[str]) -> None:
    """Put people on the list, with the day; those on it stay as they are."""
    path = workspace.lake / NAME
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    day = datetime.now(UTC).date().isoformat()
    write_json(path, dict.fromkeys(pseudonyms, day) | known, workspace)
