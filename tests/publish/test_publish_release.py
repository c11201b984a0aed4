"""Publishing: what a release holds, what refuses it, and what a failure leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock
from publish_files import draw_page, write_manifest, write_warehouse

from pipelines.publish.candidate import CandidateError
from pipelines.publish.pointer import CURRENT, ReleaseError
from pipelines.publish.release import PublishRefused, current_release, open_published

HERE = Path(__file__).parent


def snapshot(folder: Path) -> dict[str, tuple]:
    """Everything below a folder: names, kinds, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            content = str(path.readlink())
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = (content, path.lstat().st_mtime_ns)
    return found


def test_a_release(workspace, publishing):
    said = []
    made = publishing(inputs_digest="abc", progress=said.append)

    assert current_release(workspace) == made
    pointer = json.loads((workspace.releases / CURRENT).read_bytes())
    assert pointer["release_id"] == made.release_id
    assert pointer["inputs_digest"] == "abc"
    for file in pointer["files"]:
        path = workspace.releases / made.release_id / file["name"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert path.stat().st_size == file["bytes"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "audit.json",
        "audit.sig",
        "dictionary.html",
        "docs.html",
        f"marketing-{made.release_id}.duckdb",
        "report.html",
        f"wallet-{made.release_id}.duckdb",
    ]
    links = [workspace.releases / "current.duckdb", workspace.releases / "current-marketing.duckdb"]
    assert [link.resolve() for link in links] == [
        made.database("analyst"),
        made.database("marketing"),
    ]
    assert made.tables["analyst"] == {
        "fct_payments": 3000,
        "metric_definitions": 1,
        "region_counts": 4,
        "source_files": 1,
    }
    assert said[-1] == f"Release {made.release_id} is current"
    assert sorted(path.name for path in workspace.releases.iterdir()) == sorted(
        [made.release_id, CURRENT, "current.duckdb", "current-marketing.duckdb", "signing.pub"]
    )


def test_audit_and_dictionary_of_a_release(last):
    made = last
    audit = json.loads(made.audit.read_bytes())
    assert audit["verdict"] == "pass"
    assert audit["checks_passed"] == audit["checks_total"] == made.checks
    assert [report["subject"] for report in audit["reports"]] == ["database"] * 2 + ["page"] * 3
    assert {report["release_id"] for report in audit["reports"]} == {made.release_id}
    page = made.dictionary.read_text(encoding="utf-8")
    assert "One row per thing of fct_payments; it&#39;s 数据." in page
    assert "3,000" in page
    # The record of processing, drawn from the same declarations, in both languages.
    assert "处理活动记录" in page
    assert "Payment analysis: attempts, payments and refunds row by row" in page
    assert "PIPL 13(1)(2), GDPR 6(1)(b) and (f)" in page
    assert "pseudonyms, sensitive values, quasi-identifiers" in page
    assert "36500 天 days" in page


@pytest.mark.usefixtures("last")
def test_tables_are_declared_commented_and_in_order(workspace):
    with open_published(workspace) as con:
        assert con.execute(
            "select column_name, column_type from (describe fct_payments)"
        ).fetchall()[:3] == [("order_key", "UUID"), ("user_key", "UUID"), ("business_date", "DATE")]
        comments = con.execute(
            "select comment from duckdb_columns() where table_name = 'fct_payments'"
        ).fetchall()
        assert ("What wallet says.",) in comments
        assert con.execute("select comment from duckdb_tables() where table_name = 'source_files'")
        dates = con.execute("select business_date from fct_payments").fetchall()
        assert dates == sorted(dates)
        assert not con.execute("select 1 from duckdb_tables() where table_name = 'raw'").fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "create table t as select 1",
        "insert into metric_definitions values ('a', 'b')",
        "copy metric_definitions to 'out.csv'",
        "from read_csv('/etc/passwd')",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
        "load httpfs",
    ],
)
@pytest.mark.usefixtures("last")
def test_published_connection_reads_and_nothing_else(workspace, statement):
    with open_published(workspace, "marketing") as con, pytest.raises(duckdb.Error):
        con.execute(statement)


def test_releases_form_a_chain_and_old_ones_go(workspace, publishing, last):
    made = [last, publishing(), publishing()]
    audits = [json.loads(release.audit.read_bytes()) for release in made[1:]]
    assert audits[0]["previous_audit_sha256"] == made[0].audit_sha256
    assert audits[1]["previous_audit_sha256"] == made[1].audit_sha256
    assert audits[1]["reports"][0]["previous_report_sha256"] == made[1].audit_sha256
    assert not made[0].folder.exists()
    assert made[1].folder.exists()
    assert current_release(workspace) == made[2]


def refused(publishing, **more) -> str:
    with pytest.raises(PublishRefused) as raised:
        publishing(**more)
    audit = json.loads(raised.value.report.read_bytes())
    assert audit["verdict"] == "fail"
    assert audit["problems"]
    return str(raised.value)


def test_one_phone_number_refuses_and_changes_nothing(workspace, publishing, last):
    before = snapshot(workspace.releases)
    write_warehouse(
        workspace.warehouse,
        "update marts.fct_payments set wallet = '电话13800138000' where row_number = 17",
    )

    message = refused(publishing)

    assert snapshot(workspace.releases) == before
    assert current_release(workspace) == last
    assert "fct_payments.wallet: mobile number (China), 1 rows (1 distinct)" in message
    assert "such as 13…00 (11 characters)" in message
    assert f"Release {last.release_id} stays current." in message
    kept = list((workspace.root / "audit").glob("refused-*.json"))
    assert len(kept) == 1
    assert "13800138000" not in message + kept[0].read_text(encoding="utf-8")


def test_first_release_refused(workspace, publishing):
    write_warehouse(workspace.warehouse, "update marketing.segment_summary set users = 3")
    message = refused(publishing)
    assert "marketing-" in message
    assert "fewer than 10 people behind a row" in message
    assert "There is no earlier release." in message
    assert list(workspace.releases.iterdir()) == []
    assert current_release(workspace) is None


def test_phone_number_in_the_page_refuses(workspace, publishing):
    def leaky(marketing, analyst, out, meta):
        draw_page(marketing, analyst, out, meta)
        with out.open("a", encoding="utf-8") as stream:
            stream.write("<p>13800138000 https://cdn.example.net/x.js</p>")
        return out

    message = refused(publishing, render=leaky)
    assert "report.html  [PAGE-2]" in message
    assert "report.html  [PAGE-3]" in message
    assert list(workspace.releases.iterdir()) == []


def test_every_page_that_was_drawn_is_audited(workspace, publishing):
    def two_pages(marketing, analyst, out, meta):
        draw_page(marketing, analyst, out.with_name("report-more.html"), meta)
        with out.with_name("report-more.html").open("a", encoding="utf-8") as stream:
            stream.write("<p>13800138000</p>")
        return draw_page(marketing, analyst, out, meta)

    assert "report-more.html  [PAGE-2]" in refused(publishing, render=two_pages)


def test_file_swapped_after_its_audit_refuses(workspace, publishing, last):
    def swapping(marketing, analyst, out, meta):
        draw_page(marketing, analyst, out, meta)
        analyst.chmod(0o600)
        with duckdb.connect(str(analyst)) as con:
            con.execute("create table extra as select '13800138000' as a")
        return out

    before = snapshot(workspace.releases)
    message = refused(publishing, render=swapping)
    assert "[FILE-3] the audit is of another file" in message
    assert snapshot(workspace.releases) == before
    assert current_release(workspace) == last


@pytest.mark.parametrize("name", ["wallet-*.duckdb", "stranger"])
def test_file_swapped_at_the_moment_of_the_rename_refuses(
    workspace, publishing, monkeypatch, name, last
):
    before = snapshot(workspace.releases)
    rename = Path.rename

    def swapped(self, target):
        if self.name.startswith(".staging-"):
            for path in self.glob(name) if name != "stranger" else [self / name]:
                path.unlink(missing_ok=True)
                path.write_bytes(b"something else")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", swapped)
    refused(publishing)
    monkeypatch.undo()
    # Folder times differ: a folder came and went. Files and links do not.
    after = snapshot(workspace.releases)
    assert {k: v for k, v in after.items() if k != last.release_id} == {
        k: v for k, v in before.items() if k != last.release_id
    }
    assert current_release(workspace) == last


class KilledError(BaseException):
    """What ends a process between two steps."""


@pytest.mark.parametrize(("method", "nth"), [("rename", 1), ("replace", 3)])
def test_stopped_between_two_steps(workspace, publishing, monkeypatch, method, nth, last):
    calls = []
    original = getattr(Path, method)

    def stop(self, target):
        calls.append(target)
        if len(calls) == nth:
            raise KilledError
        return original(self, target)

    monkeypatch.setattr(Path, method, stop)
    with pytest.raises(KilledError):
        publishing()
    monkeypatch.undo()

    assert current_release(workspace) == last
    with open_published(workspace) as con:
        assert con.execute("select count(*) from fct_payments").fetchall() == [(3000,)]
    again = publishing()
    assert current_release(workspace) == again
    assert again.logical_digests == last.logical_digests
    assert not list(workspace.releases.glob(".*"))


KILLED_SCRIPT = """
import os, signal, sys
from pathlib import Path
from publish_files import draw_page
from pipelines.privacy import canary
from pipelines.publish.release import publish
from pipelines.settings import Settings, Workspace

root, manifest, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
workspace = Workspace("samples", root / "in", root, Settings(data_dir=root, threads=2))

canary.self_test = lambda policy: []  # it looks at no file, and is not what is killed here

def die_at(sentence):
    if sentence.startswith(moment):
        os.kill(os.getpid(), signal.SIGKILL)

publish(workspace, manifest=manifest, render=draw_page, progress=die_at)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("moment", ["Auditing the pages", "Release"])
def test_killed_process_leaves_a_readable_release(workspace, publishing, manifest, moment, last):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_SCRIPT, str(workspace.root), str(manifest), moment],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    current = current_release(workspace)
    assert current is not None
    assert (current == last) == (moment != "Release")
    again = publishing()
    assert again.logical_digests == last.logical_digests
    assert not list(workspace.releases.glob(".*"))


def test_what_a_killed_publish_left_is_removed(workspace, publishing):
    stale = workspace.releases / ".staging-20240101T000000-00000000"
    stale.mkdir(parents=True)
    (stale / "wallet.duckdb").write_bytes(b"x")
    (stale / "wallet.duckdb").chmod(0o400)
    (workspace.releases / ".CURRENT.json.tmp").write_bytes(b"{")
    publishing()
    assert not list(workspace.releases.glob(".*"))


def test_only_one_process_publishes(workspace, publishing):
    workspace.root.mkdir(exist_ok=True)
    with (
        FileLock(workspace.root / ".publish.lock"),
        pytest.raises(ReleaseError, match="Another process is publishing"),
    ):
        publishing()


@pytest.mark.parametrize("name", ["report.html", "audit.json", "wallet-*.duckdb"])
def test_tampered_release_is_not_opened(workspace, name, last):
    path = next(last.folder.glob(name))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReleaseError, match="do not trust it"):
        open_published(workspace)
    path.unlink()
    with pytest.raises(ReleaseError, match="is missing"):
        current_release(workspace)


def test_log_beside_the_published_file_is_noticed(workspace, publishing, last):
    database = last.database("analyst")
    database.with_name(database.name + ".wal").write_bytes(b"x")
    with pytest.raises(ReleaseError, match="lies beside the published database"):
        open_published(workspace)


def test_audit_of_another_release_is_not_accepted(workspace, publishing, last):
    first, second = last, publishing()
    second.audit.chmod(0o600)
    second.audit.write_bytes(first.audit.read_bytes())
    second.signature.chmod(0o600)
    second.signature.write_bytes(first.signature.read_bytes())
    path = workspace.releases / CURRENT
    pointer = json.loads(path.read_bytes())
    pointer["audit_sha256"] = first.audit_sha256
    path.write_text(json.dumps(pointer))
    with pytest.raises(ReleaseError, match="is not the audit of release"):
        current_release(workspace)


@pytest.mark.usefixtures("last")
def test_pointer_that_cannot_be_read(workspace, publishing):
    (workspace.releases / CURRENT).write_bytes(b"{")
    with pytest.raises(ReleaseError, match="cannot be read"):
        current_release(workspace)
    assert publishing() == current_release(workspace)


def test_nothing_published_yet(workspace):
    assert current_release(workspace) is None
    with pytest.raises(ReleaseError, match="No release yet"):
        open_published(workspace)


def test_warehouse_without_a_declared_model(workspace, publishing):
    write_warehouse(workspace.warehouse, "drop table marketing.segment_summary")
    with pytest.raises(CandidateError, match="marketing.segment_summary cannot be copied"):
        publishing()
    assert list(workspace.releases.iterdir()) == []
    workspace.warehouse.unlink()
    with pytest.raises(CandidateError, match="There is no warehouse"):
        publishing()


def test_undeclared_column_stays_in_the_house(workspace, publishing):
    write_warehouse(workspace.warehouse, "alter table marts.fct_payments add column phone varchar")
    publishing()
    with open_published(workspace) as con:
        columns = [row[0] for row in con.execute("describe fct_payments").fetchall()]
    assert "phone" not in columns


def test_column_not_declared_for_marketing_refuses(workspace, publishing, tmp_path):
    manifest = write_manifest(tmp_path / "other.json")
    document = json.loads(manifest.read_bytes())
    node = document["nodes"]["model.wallet.published_marketing__segment_summary"]
    node["columns"]["users"]["config"]["meta"]["privacy"]["class"] = "sensitive"
    manifest.write_text(json.dumps(document))
    assert "class sensitive is not for marketing" in refused(publishing, manifest=manifest)


def test_pages_drawn_again_are_a_release_of_the_same_databases(workspace, publishing, last):
    def another_page(*arguments):
        page = draw_page(*arguments)
        page.write_text(page.read_text("utf-8") + "<!-- drawn again -->", encoding="utf-8")
        return page

    # The warehouse moved on meanwhile: it is not looked at.
    write_warehouse(workspace.warehouse, "delete from marts.fct_payments")
    made = publishing(inputs_digest="of the warehouse", redraw=True, render=another_page)

    assert current_release(workspace) == made
    assert made.release_id > last.release_id
    assert made.inputs_digest == last.inputs_digest
    assert made.logical_digests == last.logical_digests
    for audience in ("analyst", "marketing"):
        old, new = last.database(audience).read_bytes(), made.database(audience).read_bytes()
        assert old == new
    assert "drawn again" in made.report.read_text("utf-8")
    audit = json.loads(made.audit.read_bytes())
    assert [report["subject"] for report in audit["reports"]].count("database") == 2
    assert audit["previous_audit_sha256"] == last.audit_sha256


def test_drawing_again_is_no_way_around_the_audit(workspace, publishing, last):
    def leaking_page(*arguments):
        page = draw_page(*arguments)
        page.write_text(page.read_text("utf-8") + "13800138000", encoding="utf-8")
        return page

    before = snapshot(workspace.releases)
    with pytest.raises(PublishRefused, match="drawn again"):
        publishing(redraw=True, render=leaking_page)
    assert snapshot(workspace.releases) == before
    database = last.database("analyst")
    database.chmod(0o644)
    database.write_bytes(database.read_bytes() + b"x")
    with pytest.raises(ReleaseError, match="not what was audited"):
        publishing(redraw=True)


def test_without_a_release_there_is_nothing_to_draw_again(publishing):
    with pytest.raises(ReleaseError, match="no release to draw again"):
        publishing(redraw=True)
