"""The weekly review: what passed when it was published may not pass any more."""

from __future__ import annotations

import json
import stat

import dagster as dg
import duckdb
from publish_files import write_warehouse

from pipelines.ingest.erased import add_erased
from pipelines.privacy.page import audit_page
from pipelines.privacy.policy import Policy
from pipelines.publish import assets, weekly
from pipelines.publish.weekly import review, write_page

BOOKS = (
    "create table marts.rpt_file_conservation as select 0 as rows_unaccounted",
    "create table marts.rpt_amount_conservation as select 0.0 as difference",
    "create table marts.rpt_data_freshness as select date '2026-03-31' as newest_business_date",
)


def test_a_release_that_is_well(workspace, manifest, last):
    write_warehouse(workspace.warehouse, *BOOKS)
    found = review(workspace, manifest)
    assert found.problems == ()
    assert found.verified is not None
    assert found.verified.release == last
    page = write_page(found, workspace)
    text = page.read_text(encoding="utf-8")
    assert "一切正常" in text
    assert last.release_id in text
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert audit_page(page, Policy()).problems == ()


def test_what_goes_wrong_after_publishing(workspace, manifest, last):
    write_warehouse(
        workspace.warehouse, *BOOKS, "update marts.rpt_file_conservation set rows_unaccounted = 3"
    )
    with duckdb.connect(str(last.database("marketing")), read_only=True) as con:
        person = str(con.execute("select min(user_key) from audience_members").fetchall()[0][0])
    add_erased(workspace, [person])
    problems = "\n".join(review(workspace, manifest).problems)
    assert "[RET-2] audience_members.user_key: a person who was erased" in problems
    assert "Rows not accounted for: 3" in problems

    last.report.chmod(0o600)
    last.report.write_text("changed", encoding="utf-8")
    found = review(workspace, manifest)
    assert found.verified is None
    assert "is not what was audited" in "\n".join(found.problems)
    assert "没有可信的版本" in write_page(found, workspace).read_text(encoding="utf-8")


def test_the_asset_fails_its_check(workspace, manifest, last, monkeypatch):
    write_warehouse(workspace.warehouse, *BOOKS)
    monkeypatch.setattr(assets, "manifest_path", lambda: manifest)
    last.audit.chmod(0o600)
    last.audit.write_bytes(json.dumps({}).encode())
    result = dg.materialize(
        [assets.weekly_audit, dg.AssetSpec(["publish", "release"])],
        selection=dg.AssetSelection.assets(["publish", "weekly_audit"]),
        resources={"workspace": dg.ResourceDefinition.hardcoded_resource(workspace)},
    )
    assert result.success  # the page is there; the check says what it says
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert (workspace.root / "audit" / weekly.PAGE).is_file()
