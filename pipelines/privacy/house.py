"""What an audit looks at besides the file: the house that the file leaves.

What belongs here: one value that holds lineage, purposes, the leak index, erased people, earlier
releases, logs and waivers. What does not: collecting them (publish does) or judging by them. An
audit cannot be run without it: what is not there is a failed check, not a check left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from pipelines.privacy.lineage import Lineage
from pipelines.privacy.register import Purpose
from pipelines.privacy.waivers import Waiver


class KnownIds(Protocol):
    """Recognises raw identifiers and their unkeyed hashes without holding any of them."""

    fingerprint: str

    def size(self) -> int:
        """Entries of the index."""

    def known(self, texts: list[str]) -> list[str]:
        """Those of the texts that are a form of a raw identifier."""


@dataclass(frozen=True)
class Earlier:
    """One release that readers may still have: its two files."""

    release_id: str
    analysts: Path
    marketing: Path

    def file(self, audience: str) -> Path:
        """The file of an audience."""
        return self.analysts if audience == "analyst" else self.marketing


@dataclass(frozen=True)
class House:
    """Everything around one release.

    Attributes:
        today: the day retention is counted from.
        lineage: where every published column comes from.
        purposes: the register of purposes, by name.
        ids: the leak index; None only where nothing was ever ingested.
        erased: pseudonyms of people who asked to be forgotten.
        secrets: keys that may stand nowhere, as bytes; never shown.
        logs: files that runs leave behind: compiled SQL, build log, Dagster's events.
        analysts: the analysts' file of the same release, for rules that need single people.
        earlier: earlier releases made by the same code, newest first: figures under another
            definition are not subtracted from these.
        waivers: what somebody answers for, by check and place.
    """

    today: date
    lineage: Lineage
    purposes: Mapping[str, Purpose]
    ids: KnownIds | None = None
    erased: frozenset[str] = frozenset()
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    logs: tuple[Path, ...] = ()
    analysts: Path | None = None
    earlier: tuple[Earlier, ...] = ()
    waivers: tuple[Waiver, ...] = ()
