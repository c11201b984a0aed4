"""Which release is current, whether it is still what was audited, and opening it.

What belongs here: `CURRENT.json`, the `current*.duckdb` links, verifying and opening. What does
not: making a release.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.privacy.artefact import beside, file_sha256, open_locked
from pipelines.privacy.report import canonical_json
from pipelines.publish import model_docs, signature
from pipelines.settings import Workspace

CURRENT = "CURRENT.json"
LINKS = {"analyst": "current.duckdb", "marketing": "current-marketing.duckdb"}


class ReleaseError(Exception):
    """There is no release, or it is not what was audited; the message says what to do."""


@dataclass(frozen=True)
class ReleaseFile:
    """One file of a release; `audience` is empty for the pages."""

    name: str
    sha256: str
    bytes: int
    audience: str = ""


@dataclass(frozen=True)
class Release:
    """A published release.

    Attributes:
        release_id: UTC time and 8 hex digits, sorts by time.
        folder: where it lies.
        files: every file of it but the audit, with SHA-256 and size.
        audit_sha256: SHA-256 of `audit.json`.
        checks: audit checks that passed, over all files.
        inputs_digest: what it was made from (`inputs.inputs_digest`).
        created_at: UTC, ISO 8601.
        logical_digests: audience -> table -> digest of the rows.
    """

    release_id: str
    folder: Path
    files: tuple[ReleaseFile, ...]
    audit_sha256: str
    checks: int
    inputs_digest: str
    created_at: str
    logical_digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """What `audit.json` says, in a word for a person: passed or failed."""
        audit = json.loads(self.audit.read_text("utf-8"))
        return "passed" if audit["verdict"] == "pass" else "failed"

    @property
    def report(self) -> Path:
        """The bilingual report."""
        return self.folder / "report.html"

    @property
    def dictionary(self) -> Path:
        """The data dictionary."""
        return self.folder / "dictionary.html"

    @property
    def docs(self) -> Path:
        """dbt's documentation of the published models and what is behind them."""
        return self.folder / model_docs.PAGE

    @property
    def audit(self) -> Path:
        """The audit's report on every file of the release."""
        return self.folder / "audit.json"

    @property
    def signature(self) -> Path:
        """The publisher's signature of the audit."""
        return self.folder / signature.NAME

    @property
    def tables(self) -> dict[str, dict[str, int]]:
        """Audience -> table -> rows."""
        return {
            audience: {table: int(digest.split(":")[0]) for table, digest in digests.items()}
            for audience, digests in self.logical_digests.items()
        }

    def database(self, audience: str) -> Path:
        """The DuckDB file of an audience.

        Raises:
            ReleaseError: this release has none for it.
        """
        for file in self.files:
            if file.audience == audience:
                return self.folder / file.name
        raise ReleaseError(f"Release {self.release_id} has no database for {audience}.")

    def as_pointer(self) -> dict[str, Any]:
        """Content of `CURRENT.json`; paths are relative to the releases folder."""
        return {
            "schema_version": 1,
            "release_id": self.release_id,
            "files": [vars(file) for file in self.files],
            "report": f"{self.release_id}/{self.report.name}",
            "dictionary": f"{self.release_id}/{self.dictionary.name}",
            "docs": f"{self.release_id}/{self.docs.name}",
            "audit": f"{self.release_id}/{self.audit.name}",
            "audit_sha256": self.audit_sha256,
            "signature": f"{self.release_id}/{self.signature.name}",
            "checks": self.checks,
            "inputs_digest": self.inputs_digest,
            "created_at": self.created_at,
            "logical_digests": self.logical_digests,
        }


def current_release(workspace: Workspace) -> Release | None:
    """The current release, verified: signed, and every file has the SHA-256 that was audited.

    Returns:
        The release, or None when nothing was published yet.

    Raises:
        ReleaseError: the pointer cannot be read, a file is missing, changed or accompanied, or
            the audit is not signed with the trusted key.
    """
    release = read_pointer(workspace.releases)
    if release is not None:
        try:
            trusted = signature.trusted_key(workspace)
        except signature.SignatureError as error:
            raise ReleaseError(str(error)) from error
        verify(release, trusted)
    return release


def read_pointer(releases: Path) -> Release | None:
    """The release that `CURRENT.json` of a releases folder names, without looking at its files.

    Raises:
        ReleaseError: the pointer cannot be read.
    """
    path = releases / CURRENT
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
        release_id = content["release_id"]
        return Release(
            release_id=release_id,
            folder=releases / release_id,
            files=tuple(ReleaseFile(**file) for file in content["files"]),
            audit_sha256=content["audit_sha256"],
            checks=content["checks"],
            inputs_digest=content["inputs_digest"],
            created_at=content["created_at"],
            logical_digests=content["logical_digests"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            f"{path} cannot be read ({type(error).__name__}: {error}). Publish again: wallet run"
        ) from error


def verify(release: Release, trusted: str) -> None:
    """Compare every file of a release with what was audited and signed.

    Args:
        release: the release as the pointer names it.
        trusted: public key it must be signed with, in hex.

    Raises:
        ReleaseError: naming the first file that differs, an audit of something else, or a
            signature that does not fit.
    """
    for file in release.files:
        path = release.folder / file.name
        _compare(path, file.sha256, release)
        strangers = beside(path) if file.audience else []
        if strangers:
            raise ReleaseError(
                f"{path.parent / strangers[0].place} lies beside the published database and would"
                " be read with it. Remove it, then publish again: wallet run"
            )
    _compare(release.audit, release.audit_sha256, release)
    content = release.audit.read_bytes()
    try:
        signature.check_signature(content, release.signature, trusted)
    except signature.SignatureError as error:
        raise ReleaseError(f"{error} Publish again: wallet run") from error
    audit = json.loads(content)
    audited = {report["file"]["name"]: report["file"]["sha256"] for report in audit["reports"]}
    wanted = {file.name: file.sha256 for file in release.files}
    if audit["release_id"] != release.release_id or audit["verdict"] != "pass" or audited != wanted:
        raise ReleaseError(
            f"{release.audit} is not the audit of release {release.release_id}."
            " Publish again: wallet run"
        )


def _compare(path: Path, sha256: str, release: Release) -> None:
    if not path.is_file():
        raise ReleaseError(
            f"{path} of release {release.release_id} is missing. Publish again: wallet run"
        )
    if file_sha256(path) != sha256:
        raise ReleaseError(
            f"{path} is not what was audited (its SHA-256 differs): do not trust it."
            " Publish again: wallet run"
        )


def open_published(workspace: Workspace, audience: str = "analyst") -> duckdb.DuckDBPyConnection:
    """Open the current release of an audience for reading, and for nothing else.

    The connection is read-only, reaches no other file and no network, and cannot be reconfigured.

    Raises:
        ReleaseError: nothing is published, or the release was changed.
    """
    release = current_release(workspace)
    if release is None:
        raise ReleaseError("No release yet. Run `wallet run` first.")
    return open_locked(release.database(audience))


def set_current(workspace: Workspace, release: Release) -> None:
    """Make a release the current one, in one step that cannot be seen half done."""
    path = workspace.releases / CURRENT
    draft = path.with_name(f".{CURRENT}.tmp")
    with draft.open("wb") as stream:
        stream.write(canonical_json(release.as_pointer()))
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def set_links(workspace: Workspace, release: Release) -> list[str]:
    """Point `current.duckdb` and `current-marketing.duckdb` at the release.

    They are a convenience for tools that want one fixed path; `CURRENT.json` is what counts.

    Returns:
        Notes on links that this system does not allow (Windows without developer mode).
    """
    notes = []
    for audience, name in LINKS.items():
        draft = workspace.releases / f".{name}.tmp"
        draft.unlink(missing_ok=True)
        relative = Path(release.release_id) / release.database(audience).name
        try:
            draft.symlink_to(relative)
            draft.replace(workspace.releases / name)
        except (OSError, NotImplementedError) as error:
            notes.append(f"no link {name}: {error}")
    return notes


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, where the system can (Windows cannot open folders)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
