"""The weekly review: what is live, looked at again, privacy and quality on one page.

What belongs here: verifying, auditing and reading the books again, without publishing anything, and
the page about it. What does not: the checks (`privacy`), the asset (`assets`).

A release that passed can fail later: a retention runs out, a waiver or an assessment expires, a
person asks to be forgotten, a detector learns something, somebody changes a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.ingest.private import make_private_folder
from pipelines.privacy.audit import audit_database
from pipelines.privacy.catalogue import Catalogue, read_catalogue
from pipelines.privacy.logs import leaks_in_logs
from pipelines.privacy.policy import AUDIENCES, policy_for
from pipelines.privacy.register import Purpose
from pipelines.privacy.report import AuditReport
from pipelines.publish.pointer import ReleaseError
from pipelines.publish.signature import SignatureError, trusted_key
from pipelines.publish.surroundings import house_of, run_events
from pipelines.publish.verification import Verified, verify_releases
from pipelines.settings import Workspace
from pipelines.warehouse.connect import connect

PAGE = "weekly.html"
_TEMPLATE = Path(__file__).with_name("weekly.html.j2")


@dataclass(frozen=True)
class Quality:
    """One line of the books: what must be zero (or all), and what it is.

    Attributes:
        zh, en: what was counted.
        value: the count; is_well: whether it is as it must be.
    """

    zh: str
    en: str
    value: str
    is_well: bool


@dataclass(frozen=True)
class Review:
    """What a weekly review found.

    Attributes:
        verified: the release that is live, None when it cannot be trusted.
        reports: fresh audits of its databases.
        problems: what is wrong, one line each; empty when all is well.
        quality: the books.
    """

    reviewed_at: str
    verified: Verified | None
    reports: tuple[AuditReport, ...]
    problems: tuple[str, ...]
    quality: tuple[Quality, ...]
    catalogue: Catalogue
    purposes: dict[str, Purpose]


def review(workspace: Workspace, manifest: Path) -> Review:
    """Look at everything that is live once more.

    Args:
        workspace: whose releases, warehouse and logs.
        manifest: dbt manifest with the declarations.
    """
    catalogue = read_catalogue(manifest)
    # Releases on disk were compared when they were made; only the surroundings of today matter.
    house = replace(house_of(workspace, manifest, code_digest="none"), earlier=())
    problems: list[str] = []
    verified: Verified | None = None
    reports: tuple[AuditReport, ...] = ()
    try:
        verified = verify_releases(workspace.releases, trusted_key(workspace))
        release, policy = verified.release, policy_for(workspace.settings)
        house = replace(house, analysts=release.database("analyst"))
        reports = tuple(
            audit_database(
                release.database(audience),
                catalogue,
                audience,
                policy,
                house,
                release_id=release.release_id,
            )
            for audience in AUDIENCES
        )
        problems += [
            f"{report.file['name']}  {problem}" for report in reports for problem in report.problems
        ]
    except (ReleaseError, SignatureError) as error:
        problems.append(str(error))
    leaks, _ = leaks_in_logs(run_events(workspace), house.secrets)
    problems += [f"Dagster  {finding.sentence()}" for finding in leaks]
    quality = tuple(_quality(workspace))
    problems += [f"{line.en}: {line.value}" for line in quality if not line.is_well]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Review(now, verified, reports, tuple(problems), quality, catalogue, dict(house.purposes))


def _quality(workspace: Workspace) -> list[Quality]:
    if not workspace.warehouse.is_file():
        return [Quality("没有数据仓库", "No warehouse", "none", False)]
    with connect(workspace, read_only=True) as con:
        lost, amounts = con.execute(
            "select (select coalesce(sum(abs(rows_unaccounted)), 0)"
            "  from marts.rpt_file_conservation),"
            " (select count(*) from marts.rpt_amount_conservation where difference <> 0)"
        ).fetchall()[0]
        newest = con.execute(
            "select min(newest_business_date) from marts.rpt_data_freshness"
        ).fetchall()[0][0]
    log = workspace.warehouse.parent / "dbt" / "last_build.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    failed = sum(line.startswith(("fail", "error")) for line in lines)
    return [
        Quality("未交代的行", "Rows not accounted for", f"{lost:,}", lost == 0),
        Quality("不守恒的金额", "Amounts that do not add up", f"{amounts:,}", amounts == 0),
        Quality("上次构建失败的检验", "Failed tests of the last build", f"{failed:,}", failed == 0),
        Quality("最旧来源的最新日期", "Newest day of the oldest source", str(newest), True),
    ]


def write_page(found: Review, workspace: Workspace) -> Path:
    """Write the page of a review; it fetches nothing and runs no script.

    Returns:
        `<workspace.root>/audit/weekly.html`, readable by its owner only.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(review=found)
    path = workspace.root / "audit" / PAGE
    make_private_folder(path.parent)
    path.write_text(page, encoding="utf-8", newline="\n")
    path.chmod(0o600)
    return path
