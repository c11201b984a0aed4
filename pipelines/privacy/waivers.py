"""Waivers: somebody answers by name for a finding that may be answered for.

What belongs here: reading `waivers.toml`, which findings a waiver covers, and what is wrong with a
waiver. What does not: which checks may be waived (`database` says so, check by check). A blocking
check knows no waiver: one written for it refuses the release.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.privacy.report import Finding


class WaiverError(Exception):
    """The waivers file cannot be read; the message says what is expected."""


@dataclass(frozen=True)
class Waiver:
    """One answered-for finding: check id, place as the audit prints it, owner, reason, last day."""

    check: str
    place: str
    owner: str
    reason: str
    expires: date

    def covers(self, check: str, finding: Finding, today: date) -> bool:
        """Whether it is for this finding and still holds today."""
        return (self.check, self.place) == (check, finding.place) and today <= self.expires


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """Waivers of a file such as:

        [[waiver]]
        check = "CAT-5"
        place = "payment_analysis"
        owner = "Li Lei, data protection"
        reason = "assessment is under way, ticket 4711"
        expires = 2027-01-31

    Returns:
        All of them, expired ones too; none when there is no file.

    Raises:
        WaiverError: no TOML, a part is missing or empty.
    """  # noqa: D415 - the example ends the sentence
    if not path.is_file():
        return ()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("waiver", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WaiverError(f"{path} is not TOML: {error}") from error
    return tuple(_waiver(path, number, entry) for number, entry in enumerate(entries, 1))


def _waiver(path: Path, number: int, entry: dict) -> Waiver:
    texts = {name: entry.get(name) for name in ("check", "place", "owner", "reason")}
    wrong = [name for name, text in texts.items() if not isinstance(text, str) or not text.strip()]
    expires = entry.get("expires")
    if type(expires) is not date:
        wrong.append("expires")
    if wrong:
        raise WaiverError(
            f"{path}, waiver {number}: {', '.join(wrong)} must be given (expires as a day such as"
            " 2027-01-31, the others as text)."
        )
    return Waiver(**texts, expires=expires)


def misused(waivers: Iterable[Waiver], waivable: frozenset[str]) -> list[Finding]:
    """Waivers for checks that nobody may waive."""
    return [
        Finding(waiver.check, "waiver for a blocking check", message="remove it from waivers.toml")
        for waiver in waivers
        if waiver.check not in waivable
    ]
