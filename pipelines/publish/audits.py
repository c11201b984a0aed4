"""The audits of one release, together: are they its own, did they pass, and the document of them.

What belongs here: putting reports of the audit in a chain, judging them, writing them down. What
does not: auditing (`privacy`), and what a refusal says to a person (`refusal`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.privacy.artefact import file_sha256
from pipelines.privacy.audit import REQUIRED_CHECKS
from pipelines.privacy.page import REQUIRED_PAGE_CHECKS
from pipelines.privacy.report import AuditReport, CheckResult, canonical_json, sha256_of

SCHEMA_VERSION = 1


@dataclass
class Audits:
    """The audits of a release, in the order they were made.

    Attributes:
        release_id: the release they must be of.
        created_at: when it was begun, UTC in ISO 8601; no audit may be older.
        code_digest: the code that made it.
        previous: SHA-256 of the audit of the release before it; None for the first.
        reports: one per file.
    """

    release_id: str
    created_at: str
    code_digest: str
    previous: str | None
    reports: list[AuditReport] = field(default_factory=list)

    @property
    def checks(self) -> list[CheckResult]:
        """Every check of every file."""
        return [check for report in self.reports for check in report.checks]

    @property
    def checks_passed(self) -> int:
        """Checks that did not fail; one that was answered for passed."""
        return sum(check.status != "fail" for check in self.checks)

    @property
    def are_passed(self) -> bool:
        """Whether every file passed."""
        return all(report.verdict == "pass" for report in self.reports)

    def last_hash(self) -> str | None:
        """What the next report names as the one before it."""
        if self.reports:
            return sha256_of(canonical_json(self.reports[-1].as_dict()))
        return self.previous

    def problems(self, folder: Path) -> list[str]:
        """What each file's audit found, or is itself, that it must not be; one line each.

        Args:
            folder: the release's, with the files as they are now.
        """
        return [
            f"{report.file['name']}  {problem}"
            for report in self.reports
            for problem in (*report.problems, *self._not_of_this_release(report, folder))
        ]

    def _not_of_this_release(self, report: AuditReport, folder: Path) -> list[str]:
        """What says that a report is another's, old, or of fewer checks than there must be.

        Asked here too and not only where checks are run: an audit that was replaced says nothing.
        """
        problems = []
        required = REQUIRED_CHECKS.get(report.audience) if report.subject == "database" else ()
        required = required or REQUIRED_PAGE_CHECKS
        missing = sorted(set(required) - {check.id for check in report.checks})
        if missing:
            problems.append(f"[SYS-2] checks were not run: {', '.join(missing)}")
        if report.release_id != self.release_id or report.started_at < self.created_at:
            problems.append(f"[FILE-3] the audit is of release {report.release_id or 'unknown'}")
        path = folder / report.file["name"]
        if not path.is_file() or file_sha256(path) != report.file["sha256"]:
            problems.append("[FILE-3] the audit is of another file")
        return problems

    def write(self, path: Path, inputs_digest: str, problems: list[str] | None = None) -> str:
        """Write all reports as one document; returns its SHA-256.

        Args:
            path: the file; replaced when it is there.
            inputs_digest: what the release was made from.
            problems: why it was refused; None for a release that passed.
        """
        content = canonical_json(
            {
                "schema_version": SCHEMA_VERSION,
                "release_id": self.release_id,
                "verdict": "fail" if problems is not None else "pass",
                "problems": problems or [],
                "checks_passed": self.checks_passed,
                "checks_total": len(self.checks),
                "inputs_digest": inputs_digest,
                "code_digest": self.code_digest,
                "previous_audit_sha256": self.previous,
                "reports": [report.as_dict() for report in self.reports],
            }
        )
        path.write_bytes(content)
        return sha256_of(content)

    def for_readers(self) -> dict[str, Any]:
        """What the pages tell of the audits so far; findings stay in the audit itself.

        Keys verdict, checks_passed, checks_total, and audit: file, audience, verdict, minimum_users
        and checks of each.
        """
        return {
            "verdict": "pass" if self.are_passed else "fail",
            "checks_passed": self.checks_passed,
            "checks_total": len(self.checks),
            "audit": [_for_readers(report) for report in self.reports],
        }


def _for_readers(report: AuditReport) -> dict[str, Any]:
    return {
        "file": report.file["name"],
        "audience": report.audience,
        "verdict": report.verdict,
        "minimum_users": report.minimum_users,
        "checks": [
            {
                "id": check.id,
                "title": check.title,
                "threshold": check.threshold,
                "status": check.status,
                "measured": check.measured,
            }
            for check in report.checks
        ],
    }
