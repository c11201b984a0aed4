"""Checking what is published, by anyone: signature, files, chain of audits.

What belongs here: `wallet verify`. What does not: auditing again (`weekly` does) or publishing.
Needs the releases folder and a public key, nothing of the publisher's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipelines.privacy.report import sha256_of
from pipelines.publish.pointer import Release, ReleaseError, read_pointer, verify
from pipelines.publish.signature import NAME, SignatureError, check_signature


@dataclass(frozen=True)
class Verified:
    """What was found to be as it was signed.

    Attributes:
        release: the current release; every file has the SHA-256 of its audit.
        trusted: public key in hex.
        chained: earlier releases on disk whose audits are signed and follow one another, newest
            first.
        waived: findings that somebody answers for, one line each.
    """

    release: Release
    trusted: str
    chained: tuple[str, ...]
    waived: tuple[str, ...]


def verify_releases(releases: Path, trusted: str) -> Verified:
    """Verify the current release of a releases folder and the chain of audits before it.

    Raises:
        ReleaseError: nothing is published there, or something is not as it was signed.
    """
    release = read_pointer(releases)
    if release is None:
        raise ReleaseError(f"There is no release in {releases}.")
    verify(release, trusted)
    audit = json.loads(release.audit.read_bytes())
    return Verified(release, trusted, _chain(releases, audit, trusted), tuple(_waived(audit)))


def _chain(releases: Path, newest: dict, trusted: str) -> tuple[str, ...]:
    """Earlier audits on disk, each found by the hash that the next one holds."""
    by_hash = {
        sha256_of(path.read_bytes()): path
        for path in releases.glob("*/audit.json")
        if not path.parent.is_symlink() and not path.parent.name.startswith(".")
    }
    found, audit = [], newest
    while (path := by_hash.get(audit["previous_audit_sha256"] or "")) is not None:
        content = path.read_bytes()
        try:
            check_signature(content, path.with_name(NAME), trusted)
        except SignatureError as error:
            raise ReleaseError(str(error)) from error
        audit = json.loads(content)
        found.append(audit["release_id"])
    strangers = {path.parent.name for path in by_hash.values()} - {*found, newest["release_id"]}
    if strangers:
        raise ReleaseError(
            f"{', '.join(sorted(strangers))} in {releases} is in no chain of audits: it was changed"
            " or never published. Do not trust it; remove it."
        )
    return tuple(found)


def _waived(audit: dict) -> list[str]:
    return [
        f"[{check['id']}] {waived['finding']['place']}: {waived['finding']['kind']}; answered for"
        f" by {waived['owner']} until {waived['expires']}: {waived['reason']}"
        for report in audit["reports"]
        for check in report["checks"]
        for waived in check["waived"]
    ]
