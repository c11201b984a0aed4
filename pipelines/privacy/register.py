"""The register of purposes: why data is published, on what legal basis, who answers for it.

What belongs here: reading `register.toml` (and the merchant's own beside his data) and comparing
the catalogue with it. What does not: the record drawn from it (`publish.record`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.privacy.catalogue import Catalogue
from pipelines.privacy.report import Finding

SHIPPED = Path(__file__).with_name("register.toml")
_TEXTS = ("zh", "en", "legal_basis", "owner")


class RegisterError(Exception):
    """A register cannot be read; the message says what is expected."""


@dataclass(frozen=True)
class Purpose:
    """One purpose of processing.

    Attributes:
        name: as `meta.privacy.purpose` gives it.
        zh, en: what it is, for a person.
        legal_basis: PIPL article 13 and GDPR article 6, in words.
        owner: who answers for it.
        automated_decisions: whether people are sorted by it (PIPL 24, GDPR 22).
        assessment: number of the impact assessment (PIPL 55, GDPR 35), empty when none is recorded.
        assessment_expires: last day it holds, None when it names none.
    """

    name: str
    zh: str
    en: str
    legal_basis: str
    owner: str
    automated_decisions: bool = False
    assessment: str = ""
    assessment_expires: date | None = None


def read_register(*paths: Path) -> Mapping[str, Purpose]:
    """Purposes by name; later files add to and replace those of earlier ones.

    Raises:
        RegisterError: a file is no TOML, or a purpose lacks a part.
    """
    purposes: dict[str, Purpose] = {}
    for path in (SHIPPED, *paths):
        if not path.is_file():
            continue
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8")).get("purposes", {})
            purposes |= {name: Purpose(name=name, **entry) for name, entry in entries.items()}
        except (tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError) as error:
            raise RegisterError(
                f"{path} cannot be read as a register of purposes ({error}); each needs"
                f" {', '.join(_TEXTS)}"
            ) from error
    return purposes


def unregistered(
    catalogue: Catalogue, purposes: Mapping[str, Purpose], today: date
) -> list[Finding]:
    """Purposes of published columns that are in no register, or whose assessment has run out."""
    used: dict[str, str] = {}
    for table in catalogue.tables:
        for column in table.columns:
            if column.purpose:
                used.setdefault(column.purpose, f"{table.name}.{column.name}")
    findings = []
    for name, place in sorted(used.items()):
        purpose = purposes.get(name)
        if purpose is None:
            message = f"first used by {place}; add it to register.toml with its legal basis"
            findings.append(Finding(name, "purpose without a register entry", message=message))
        elif purpose.assessment_expires is not None and purpose.assessment_expires < today:
            message = f"{purpose.assessment} held until {purpose.assessment_expires}"
            findings.append(Finding(name, "impact assessment has run out", message=message))
    return findings
