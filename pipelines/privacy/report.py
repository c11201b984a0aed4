"""The audit's verdict: findings, checks and the report, and their one canonical JSON form.

What belongs here: the values an audit produces and how they are written. What does not: producing
them. No value here ever holds raw personal data: samples are masked before they get this far.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class Finding:
    """One thing that must not be there.

    Attributes:
        place: table, column or other part of the file, e.g. `fct_payments.region`.
        kind: what it is, in words, e.g. `mobile number (China)`.
        distinct: distinct values concerned; rows: rows that hold them.
        sample: one masked value, first and last two characters, or empty.
        message: anything else a person needs to mend it.
    """

    place: str
    kind: str
    distinct: int = 0
    rows: int = 0
    sample: str = ""
    message: str = ""

    def sentence(self) -> str:
        """One line for a person."""
        counted = f", {self.rows} rows ({self.distinct} distinct)" if self.rows else ""
        sample = f", such as {self.sample}" if self.sample else ""
        message = f": {self.message}" if self.message else ""
        return f"{self.place}: {self.kind}{counted}{sample}{message}"


@dataclass(frozen=True)
class CheckResult:
    """One check that was run: it passes when it has no finding and did not fail to run.

    `waivable` says whether somebody may answer for a finding of it; `waived` holds such findings
    with the waiver, and they are not among `findings`.
    """

    id: str
    title: str
    threshold: str
    measured: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    error: str = ""
    seconds: float = 0.0
    waivable: bool = False
    waived: tuple[dict[str, Any], ...] = ()

    @property
    def status(self) -> Literal["pass", "waived", "fail"]:
        """`fail` also when the check could not be run."""
        if self.findings or self.error:
            return "fail"
        return "waived" if self.waived else "pass"


@dataclass(frozen=True)
class AuditReport:
    """Everything one audit of one file found out.

    Attributes:
        subject: `database` or `page`.
        file: name, sha256 and bytes of the audited file.
        tables: name, rows and columns of every table seen.
        allowed: values that look like personal data and were let through, with the rule that did.
        previous_report_sha256: hash of the report before this one, so that reports form a chain.
    """

    subject: Literal["database", "page"]
    audience: str
    release_id: str
    file: dict[str, Any]
    tables: tuple[dict[str, Any], ...]
    checks: tuple[CheckResult, ...]
    allowed: tuple[Finding, ...]
    policy_sha256: str
    minimum_users: int
    manifest_sha256: str
    manifest_invocation_id: str
    code_version: str
    tool_versions: dict[str, str]
    started_at: str
    finished_at: str
    previous_report_sha256: str | None = None
    key_fingerprint: str = ""

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        """`pass` only when checks were run and every one passed or is answered for by a waiver."""
        passed = bool(self.checks) and all(check.status != "fail" for check in self.checks)
        return "pass" if passed else "fail"

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, one line each."""
        lines = []
        for check in self.checks:
            if check.error:
                lines.append(f"[{check.id}] {check.title}: could not be checked: {check.error}")
            lines.extend(f"[{check.id}] {finding.sentence()}" for finding in check.findings)
        return tuple(lines)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the verdict and each check's status spelled out."""
        content = asdict(self)
        content["schema_version"] = SCHEMA_VERSION
        content["verdict"] = self.verdict
        content["checks"] = [
            {**asdict(check), "status": check.status, "seconds": round(check.seconds, 3)}
            for check in self.checks
        ]
        return content


def canonical_json(content: Any) -> bytes:
    """The one way a report is written: sorted keys, no spaces, UTF-8, newline at the end."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def sha256_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
