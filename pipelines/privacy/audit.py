"""The audit of one database file: all checks in one function, and a verdict that fails closed.

What belongs here: what an audit needs before and after its checks, and the report. What does not:
the checks themselves. There is no option to leave one out, and whatever goes wrong (an exception, a
time limit, a check that never ran) makes the verdict `fail`.
"""

from __future__ import annotations

import hashlib
import platform
from contextlib import closing
from datetime import UTC, datetime
from importlib import metadata as packages
from pathlib import Path
from typing import Any

import duckdb

from pipelines.interrupts import raise_if_interrupted
from pipelines.privacy import artefact, canary
from pipelines.privacy.catalogue import Catalogue
from pipelines.privacy.checks import Checks, Outcome, TimeLimit, describe
from pipelines.privacy.database import WAIVABLE, DatabaseChecks
from pipelines.privacy.house import House
from pipelines.privacy.identifier_checks import PII_TITLES
from pipelines.privacy.masking import without_personal_data
from pipelines.privacy.opened import OpenedFile
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import AuditReport, CheckResult, Finding
from pipelines.privacy.waivers import misused

_ALWAYS = (
    ("SYS-1", "SYS-3", "FILE-1", "FILE-2", "FILE-3", "FILE-4", "FILE-5")
    + ("CAT-1", "CAT-2", "CAT-3", "CAT-4", "CAT-5")
    + tuple(PII_TITLES)
    + ("PII-9", "PII-10", "PII-11", "PCI-1", "PCI-2", "PSE-1", "PSE-2")
    + ("SDC-8", "RET-1", "RET-2")
)
REQUIRED_CHECKS: dict[str, tuple[str, ...]] = {
    "analyst": (*_ALWAYS, "SDC-1", "SDC-2", "SDC-6", "LOG-1"),
    "marketing": (*_ALWAYS, "SDC-1", "SDC-3", "SDC-4", "SDC-5", "SDC-7"),
}


def audit_database(
    path: Path,
    catalogue: Catalogue,
    audience: str,
    policy: Policy,
    house: House,
    *,
    release_id: str = "",
    previous_report_sha256: str | None = None,
) -> AuditReport:
    """Audit the exact bytes of a database file.

    Args:
        path: a DuckDB file nobody writes to.
        catalogue: all declarations; those of `audience` are compared with the file.
        audience: `analyst` or `marketing`.
        policy: what is allowed.
        house: everything around the release: lineage, leak index, earlier releases, waivers.
        release_id: release the file belongs to; the report names it.
        previous_report_sha256: hash of the report before this one.

    Returns:
        The report. A file that cannot be read gives a report with verdict `fail`, not an exception.

    Raises:
        KeyError: no such audience.
    """
    required = REQUIRED_CHECKS[audience]
    started = datetime.now(UTC)
    tables: tuple[dict[str, Any], ...] = ()
    allowed: tuple[Finding, ...] = ()
    checks = Checks(policy.maximum_seconds, house.waivers, house.today)
    before = artefact.file_sha256(path) if path.is_file() else ""
    checks.run("SYS-1", "the audit catches seeded leaks", "all", lambda: _canaries(policy))
    try:
        with closing(artefact.open_locked(path)) as con, TimeLimit(con, policy.maximum_seconds):
            scan = DatabaseChecks(OpenedFile(con, path, catalogue, audience, policy, house))
            scan.run(checks)
            tables, allowed = scan.tables(), tuple(scan.identifiers.values.allowed)
    except Exception as problem:  # noqa: BLE001 - a file that cannot be opened fails the audit
        raise_if_interrupted(problem)
        error = describe(problem)
        checks.results.append(CheckResult("OPEN", "the file can be read", "", {}, error=error))
    checks.run("SYS-3", "no waiver for a blocking check", "none", lambda: _waivers(house))
    checks.run("FILE-3", "the audit saw one unchanged file", "", lambda: _unchanged(path, before))
    checks.complete(required)
    report = AuditReport(
        subject="database",
        audience=audience,
        release_id=release_id,
        file={"name": path.name, "sha256": before, "bytes": _size(path)},
        tables=tables,
        checks=tuple(checks.results),
        allowed=allowed,
        policy_sha256=policy.digest(),
        minimum_users=policy.minimum_users,
        manifest_sha256=catalogue.manifest_sha256,
        manifest_invocation_id=catalogue.invocation_id,
        code_version=code_version(),
        tool_versions=tool_versions(),
        started_at=started.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        previous_report_sha256=previous_report_sha256,
        key_fingerprint=house.ids.fingerprint if house.ids else "",
    )
    return without_personal_data(report)


def code_version() -> str:
    """Version of the package and a hash of this room's source: which audit this was."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    try:
        version = packages.version("wallet-analytics")
    except packages.PackageNotFoundError:
        version = "not installed"
    return f"{version}+privacy.{digest[:16]}"


def tool_versions() -> dict[str, str]:
    """Versions of what the verdict depends on."""
    return {
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "phonenumbers": packages.version("phonenumbers"),
        "python-stdnum": packages.version("python-stdnum"),
        "sqlglot": packages.version("sqlglot"),
    }


def _canaries(policy: Policy) -> Outcome:
    return canary.self_test(policy), {}


def _waivers(house: House) -> Outcome:
    return misused(house.waivers, WAIVABLE), {"waivers": len(house.waivers)}


def _unchanged(path: Path, before: str) -> Outcome:
    after = artefact.file_sha256(path)
    findings = artefact.beside(path)
    if not before or after != before:
        findings.append(Finding(path.name, "the file changed while it was audited"))
    return findings, {"sha256": after}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
