"""The last look at a report: names that are themselves personal data are masked in it.

What belongs here: masking the texts of a finished report. What does not: samples of values, which
are masked where they are found.
"""

from __future__ import annotations

from dataclasses import replace

from pipelines.privacy.detectors import redact, scan_texts, scratch
from pipelines.privacy.report import AuditReport, Finding


def without_personal_data(report: AuditReport) -> AuditReport:
    """Mask identifiers that stand in names: a table called after a phone would be quoted."""
    named = {table["name"] for table in report.tables} | {report.file["name"]}
    told = [*report.allowed, *(f for check in report.checks for f in check.findings)]
    named |= {text for finding in told for text in (finding.place, finding.message)}
    with scratch().cursor() as con:
        found = scan_texts(con, [(text, text) for text in named])
    dirty = {text for text, _ in found}
    if not dirty:
        return report
    clean = {text: redact(text) for text in dirty}

    def cleaned(finding: Finding) -> Finding:
        place, message = finding.place, finding.message
        return replace(finding, place=clean.get(place, place), message=clean.get(message, message))

    return replace(
        report,
        file={**report.file, "name": clean.get(report.file["name"], report.file["name"])},
        tables=tuple({**t, "name": clean.get(t["name"], t["name"])} for t in report.tables),
        allowed=tuple(map(cleaned, report.allowed)),
        checks=tuple(
            replace(check, findings=tuple(map(cleaned, check.findings))) for check in report.checks
        ),
    )
