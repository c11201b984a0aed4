"""Models that outlive a run: numbered JSON files in the private workspace.

What belongs here: writing a version once and reading all of them back. What does not: what a model
says (the rooms that learn it).

The warehouse is rebuilt from the lake at any time; what was decided once (thresholds, clusters and
their ids) must not change with it, so it lives beside it. A version is never overwritten: a killed
run leaves either a whole file or none, and a repeated run finds its own file and goes on.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VERSION = re.compile(r"-v(\d{4})\.json$")


class StoreError(Exception):
    """A stored model cannot be read; the message names the file and what to do."""


@dataclass(frozen=True)
class ModelStore:
    """The versions of all kinds of models in one folder; the highest number is in force."""

    folder: Path

    def versions(self, kind: str) -> list[dict[str, Any]]:
        """Every version of a kind, oldest first; each has its number under `version`.

        Raises:
            StoreError: a file is not the JSON that was written.
        """
        found = []
        for path in sorted(self.folder.glob(f"{kind}-v*.json")):
            number = _VERSION.search(path.name)
            if number is None:
                continue
            try:
                document = json.loads(path.read_text("utf-8"))
                if document["version"] != int(number.group(1)) or document["kind"] != kind:
                    raise ValueError("version or kind inside is another than in the name")
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"The stored model {path} cannot be used ({error}). Restore it from a backup,"
                    " or move it away to let the next run learn a new one."
                ) from error
            found.append(document)
        return found

    def latest(self, kind: str) -> dict[str, Any] | None:
        """The version in force, None before there is one; raises StoreError as `versions` does."""
        versions = self.versions(kind)
        return versions[-1] if versions else None

    def add(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Write the next version and return it; the file is whole on disk before it has its name.

        Raises:
            FileExistsError: another process wrote that version meanwhile.
        """
        last = self.latest(kind)
        number = last["version"] + 1 if last else 1
        document = {**content, "kind": kind, "version": number}
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.folder / f".{kind}-{os.getpid()}.tmp"
        with draft.open("w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=1, sort_keys=True, ensure_ascii=False)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, self.folder / f"{kind}-v{number:04d}.json")
        finally:
            draft.unlink()
        return document
