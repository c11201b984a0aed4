"""The audit of one HTML page: nothing personal in it, and nothing it could fetch or send.

What belongs here: the checks of a page, in order. What does not: reading it (`page_texts`), drawing
it, or database files.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pipelines.privacy.artefact import file_sha256
from pipelines.privacy.audit import code_version, tool_versions
from pipelines.privacy.checks import Checks, Outcome, TimeLimit
from pipelines.privacy.detectors import mask, scan_texts, scratch
from pipelines.privacy.house import KnownIds
from pipelines.privacy.leaks import LONGEST_WORD, SHORTEST_WORD, WORD, forms_of
from pipelines.privacy.masking import without_personal_data
from pipelines.privacy.page_texts import CURVES, PageTexts
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import AuditReport, Finding

REQUIRED_PAGE_CHECKS = ("PAGE-1", "PAGE-2", "PAGE-3", "PAGE-4", "PAGE-5", "PAGE-6", "PAGE-7")

# A page for readers shows groups, never somebody's pseudonym, not even in what a hover shows.
# Without dashes as a word of its own: dbt ends the names of long tests with such a number.
_PSEUDONYM = re.compile(
    r"(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])"
    r"|(?<![\w-])[0-9a-f]{32}(?![\w-])",
    re.IGNORECASE,
)
# Figures draw hours of months at most; a longer list is one entry per payment or person.
_LONGEST_LIST = 5_000

_ADDRESS = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'<>)\\]{1,200}", re.IGNORECASE)
# Browsers take a backslash for a slash.
_RELATIVE_TO_SCHEME = re.compile(r"(?:^|url=|,)\s*['\"]?[\\/]{2}[A-Za-z0-9]", re.IGNORECASE)
# In code only as a text of its own: `// why` is a remark, `/\d+/` a pattern.
_QUOTED_ADDRESS = re.compile(r"['\"`]\s*[\\/]{2}[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}")


def audit_page(
    path: Path,
    policy: Policy,
    *,
    known_payloads: Collection[str] = (),
    secrets: tuple[bytes, ...] = (),
    ids: KnownIds | None = None,
    release_id: str = "",
    previous_report_sha256: str | None = None,
) -> AuditReport:
    """Audit one self-contained HTML page.

    Args:
        path: the page.
        policy: what is allowed.
        known_payloads: SHA-256 of unpacked libraries the page may carry (a plotting library is not
            about people, and its source names addresses it never calls). Any other packed payload
            is unpacked and read.
        secrets: keys of this house, which may stand nowhere.
        ids: the leak index; None only where nothing was ever ingested.
        release_id: release the page belongs to.
        previous_report_sha256: hash of the report before this one.

    Returns:
        The report; a page that cannot be read gives verdict `fail`, not an exception.
    """
    started = datetime.now(UTC)
    checks = Checks(policy.maximum_seconds)
    before = file_sha256(path) if path.is_file() else ""
    page = PageTexts()

    def parsed() -> Outcome:
        size = path.stat().st_size
        if size > policy.maximum_page_bytes:
            raise ValueError(f"{size} bytes are more than the audit may read")
        page.read(path.read_text(encoding="utf-8"), frozenset(known_payloads))
        return page.problems, {"texts": len(page.texts), "known_payloads": page.known}

    checks.run("PAGE-1", "the page can be read in full", "all", parsed)
    checks.run("PAGE-2", "no personal data in the page", "none", lambda: _personal(page, policy))
    checks.run("PAGE-3", "no address outside the page", "none", lambda: _addresses(page, policy))
    checks.run("PAGE-5", "no person and no single payment in figures", "", lambda: _people(page))
    checks.run("PAGE-4", "the browser is told to fetch nothing", "CSP", lambda: _policy(page))
    checks.run("PAGE-6", "no key of this house in the page", "none", lambda: _keys(page, secrets))
    checks.run("PAGE-7", "no raw identifier in the page", "none", lambda: _known(page, ids))
    checks.run("FILE-3", "the audit saw one unchanged file", "", lambda: _same(path, before))
    checks.complete((*REQUIRED_PAGE_CHECKS, "FILE-3"))
    report = AuditReport(
        subject="page",
        audience="marketing",
        release_id=release_id,
        file={
            "name": path.name,
            "sha256": before,
            "bytes": path.stat().st_size if path.is_file() else 0,
        },
        tables=(),
        checks=tuple(checks.results),
        allowed=(),
        policy_sha256=policy.digest(),
        minimum_users=policy.minimum_users,
        manifest_sha256="",
        manifest_invocation_id="",
        code_version=code_version(),
        tool_versions=tool_versions(),
        started_at=started.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        previous_report_sha256=previous_report_sha256,
    )
    return without_personal_data(report)


def _people(page: PageTexts) -> Outcome:
    findings = [
        Finding(place, "pseudonym of a person")
        for place in sorted({place for place, text in page.texts if _PSEUDONYM.search(text)})
    ]
    if page.longest > _LONGEST_LIST:
        message = f"{page.longest} entries; a figure of groups has fewer than {_LONGEST_LIST}"
        findings.append(Finding("<script>", "list of single payments or people", message=message))
    return findings, {"longest_list": page.longest}


def _personal(page: PageTexts, policy: Policy) -> Outcome:
    with closing(scratch().cursor()) as con, TimeLimit(con, policy.maximum_seconds):
        found = scan_texts(con, page.texts)
    findings = [Finding(place, hit.pattern.label, 1, 1, hit.sample) for place, hit in found]
    return findings, {"texts": len(page.texts)}


def _keys(page: PageTexts, secrets: tuple[bytes, ...]) -> Outcome:
    forms = [form.decode() for secret in secrets for form in forms_of([secret])[1:]]
    findings = [
        Finding(place, "a key of this house")
        for place in sorted({place for place, text in page.texts if any(f in text for f in forms)})
    ]
    return findings, {"keys": len(secrets)}


def _known(page: PageTexts, ids: KnownIds | None) -> Outcome:
    """Identifiers that ingest saw, or their unkeyed hashes: of a shape that no pattern knows."""
    if ids is None:
        return [], {"texts": 0}
    places: dict[str, str] = {}
    for place, text in page.texts:
        for word in (text.strip(), *WORD.findall(text)):
            if SHORTEST_WORD <= len(word) <= LONGEST_WORD:
                for spelled in (word, word.lower(), word.lower().replace("-", "")):
                    places.setdefault(spelled, place)
    known = ids.known(sorted(places))
    findings = [
        Finding(places[text], "raw identifiers", 1, 1, mask(text)) for text in sorted(known)
    ]
    return findings, {"texts": len(places)}


def _addresses(page: PageTexts, policy: Policy) -> Outcome:
    allowed = tuple(policy.page_addresses)
    named = [(place, address) for place, text in page.texts for address in _ADDRESS.findall(text)]
    named += [
        (f"<{tag} {name}>", value)
        for tag, name, value in page.attributes
        if name not in CURVES and _RELATIVE_TO_SCHEME.search(value)
    ]
    named += [
        (place, address)
        for place, text in page.texts
        if place.startswith("<script")
        for address in _QUOTED_ADDRESS.findall(text)
    ]
    named += [
        (f"<{tag} {name}>", "leads to another page")
        for tag, name, value in page.attributes
        if (tag, name, value.strip().lower()) == ("meta", "http-equiv", "refresh")
    ]
    findings = [
        Finding(place, "address outside the page", message=address[:80])
        for place, address in sorted(set(named))
        if not address.startswith(allowed)
    ]
    return findings, {"addresses": len(named)}


def _policy(page: PageTexts) -> Outcome:
    if not page.security:
        return [Finding("<head>", "no content security policy")], {}
    findings = []
    for content in page.security:
        rules = dict(
            (rule.split(None, 1) + [""])[:2] for rule in content.split(";") if rule.strip()
        )
        if rules.get("default-src", "").strip() != "'none'":
            findings.append(Finding("<meta>", "default-src of the policy is not 'none'"))
        if re.search(r"(?<![\w'-])\*|https?:|//", content):
            findings.append(Finding("<meta>", "the policy lets something in from outside"))
    return findings, {"policies": len(page.security)}


def _same(path: Path, before: str) -> Outcome:
    after = file_sha256(path)
    changed = [Finding(path.name, "the page changed while it was audited")]
    return ([] if before and after == before else changed), {"sha256": after}
