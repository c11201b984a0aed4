"""The file itself: fresh, complete, one database, nothing beside or behind the declared tables.

What belongs here: what can be said of the file without reading values. What does not: comparing it
with the catalogue.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from pipelines.privacy.metadata import Described
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import literal, quoted

_FEW_ROWS = 1000
_UNEXPECTED = frozenset({"view", "macro", "sequence", "type", "index", "trigger"})


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_locked(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database file so that queries can read it and do nothing else.

    Read-only, no file or network access, no setting can be changed any more.
    """
    config = {"enable_external_access": "false", "lock_configuration": "true"}
    return duckdb.connect(str(path), read_only=True, config=config)


def open_together(**paths: Path) -> duckdb.DuckDBPyConnection:
    """Open several database files to compare them, read-only and locked like `open_locked`.

    Args:
        paths: name to attach under -> file.
    """
    con = duckdb.connect()
    for name, path in paths.items():
        con.execute(f"attach {literal(str(path))} as {quoted(name)} (read_only)")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def permissions(path: Path) -> list[Finding]:
    """Who but the owner may change the file or put another one in its place."""
    if os.name != "posix":
        return []
    findings = []
    if path.stat().st_mode & 0o222:
        findings.append(Finding(path.name, "the file can be written to"))
    if path.parent.stat().st_mode & 0o022:
        findings.append(Finding(path.parent.name, "others may write to the folder"))
    return findings


def holds(path: Path, forms: Iterable[bytes]) -> bool:
    """Whether any of the byte strings stands in the file."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return any(view.find(form) >= 0 for form in forms)


def beside(path: Path) -> list[Finding]:
    """Files beside the database that a reader would load with it.

    A write-ahead log is read together with the main file, whose hash it does not change: it can
    bring a whole table that nobody audited.
    """
    return [
        Finding(companion.name, "file beside the database")
        for suffix in (".wal", ".wal.checkpoint", ".wal.recovery", ".tmp")
        if (companion := path.with_name(path.name + suffix)).exists()
    ]


def structure(
    con: duckdb.DuckDBPyConnection, database: str, objects: Iterable[Described], policy: Policy
) -> tuple[list[Finding], dict[str, Any]]:
    """Objects a published file may not have, space that may hold deleted data, storage version.

    Returns:
        Findings and what was measured.
    """
    findings = [
        Finding(described.place, "unexpected object")
        for described in objects
        if described.kind in _UNEXPECTED
        or (described.kind == "schema" and described.name != "main")
    ]
    attached = con.execute(
        "select database_name, coalesce(tags['storage_version'], ''), encrypted"
        " from duckdb_databases() where not internal"
    ).fetchall()
    if [row[0] for row in attached] != [database]:
        findings.append(Finding("databases", "more than one database", message=str(len(attached))))
    version = next((row[1] for row in attached if row[0] == database), "")
    if version not in policy.storage_versions:
        message = f"written as {version or 'unknown'}: DuckDB 1.4 and 1.5 could not open it"
        findings.append(Finding("file", "storage version", message=message))
    free = con.execute(
        "select free_blocks from pragma_database_size() where database_name = $1", [database]
    ).fetchall()
    if not free or free[0][0] != 0:
        message = "free blocks keep deleted data; publish a freshly built file"
        findings.append(Finding("file", "free blocks", message=message))
    measured = {"free_blocks": free[0][0] if free else None, "storage_version": version}
    return findings, measured


def row_counts(con: duckdb.DuckDBPyConnection, relations: dict[str, str]) -> dict[str, int]:
    """Rows of each table: name -> count, given name -> quoted relation."""
    return {
        name: int(con.execute(f"select count(*) from {relation}").fetchall()[0][0])
        for name, relation in relations.items()
    }


def lost_rows(counts: dict[str, int], before: dict[str, int], policy: Policy) -> list[Finding]:
    """Tables that lost more of their rows since the last release than the policy finds usual."""
    return [
        Finding(
            name,
            "far fewer rows than in the last release",
            rows=counts[name],
            message=f"{rows} then; if that is meant, write a waiver",
        )
        for name, rows in before.items()
        if name in counts
        and rows >= _FEW_ROWS
        and counts[name] < (1 - policy.largest_loss_of_rows) * rows
    ]


def empty_tables(counts: dict[str, int], audience: str, policy: Policy) -> list[Finding]:
    """Tables without rows that must have some; a file without any row never passes."""
    must = policy.must_have_rows.get(audience, frozenset())
    findings = [
        Finding(name, "table without rows") for name in sorted(must) if counts.get(name, 1) == 0
    ]
    if not any(counts.values()):
        findings.append(Finding("file", "no rows at all"))
    return findings
