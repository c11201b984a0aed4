"""The whole way on the bundled samples: nothing lost, nothing double, no work the second time."""

from __future__ import annotations

import json

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.warehouse.dbt_project import manifest_path


def warehouse(run):
    return duckdb.connect(str(run.workspace.warehouse), read_only=True)


def test_the_run_ends_well_and_publishes(sample_run):
    assert sample_run.success, sample_run.printed
    assert sample_run.quarantined == 0
    assert "Privacy audit: pass" in sample_run.printed
    assert "Report:" in sample_run.printed


def test_every_row_of_every_file_accounts_for_itself(sample_run):
    with warehouse(sample_run) as con:
        documents = con.execute(
            """select source_file, rows_in_file, rows_in_facts, rows_duplicate, rows_rejected,
                   rows_irrelevant, rows_unaccounted
               from marts.rpt_file_conservation"""
        ).fetchall()
    assert len(documents) > 200
    for name, rows, facts, duplicates, rejects, irrelevant, unaccounted in documents:
        assert rows == facts + duplicates + rejects + irrelevant, name
        assert unaccounted == 0, name
        # Said to the user as well, file by file.
        assert f"{name}: {rows:,} rows, {facts:,} facts" in sample_run.printed


def test_every_file_agrees_with_its_own_totals(sample_run):
    with duckdb.connect() as con:
        totals = con.execute(
            f"""select count(*), count_if(matched), count_if(expected <> actual),
                   count(distinct file_sha256)
                from read_parquet('{sample_run.workspace.lake}/_control_totals/*.parquet')"""
        ).fetchall()[0]
    checked, matched, different, files = totals
    assert checked == matched > 1_000
    assert different == 0
    assert files > 180


def test_amounts_in_facts_equal_the_files_own_totals(sample_run):
    """The wallets' own footers, added up over all files, less what was downloaded twice."""
    lake = sample_run.workspace.lake
    with warehouse(sample_run) as con:
        stated = con.execute(
            f"""select sum(expected) from read_parquet('{lake}/_control_totals/*.parquet')
                where source = 'alipay_trade_bill' and total_name = 'payment_received_amount'"""
        ).fetchall()[0][0]
        rows = con.execute(
            """select measure, amount_in_files, amount_in_facts, amount_duplicate, difference
               from marts.rpt_amount_conservation"""
        ).fetchall()
        received = con.execute(
            f"""select sum(cast(received_amount as decimal(18, 4)))
                from read_parquet('{lake}/alipay_trade_bill/*.parquet')
                where business_type <> '退款'"""
        ).fetchall()[0][0]
    assert stated == received
    assert rows
    for measure, in_files, in_facts, duplicate, difference in rows:
        assert difference == 0, measure
        assert in_files == in_facts + duplicate, measure


def test_redownloads_are_counted_as_duplicates_not_as_money(sample_run):
    with warehouse(sample_run) as con:
        duplicates = con.execute(
            "select sum(rows_duplicate) from marts.rpt_file_conservation"
        ).fetchall()[0][0]
        captures, keys = con.execute(
            "select count(*), count(distinct capture_key) from marts.fct_captures"
        ).fetchall()[0]
    assert duplicates > 0
    assert captures == keys


def test_the_second_run_does_no_work_and_says_so(sample_run, monkeypatch):
    settings = sample_run.settings
    monkeypatch.setenv("WALLET_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("WALLET_WORKSPACE", "samples")
    monkeypatch.setenv("WALLET_PSEUDONYM_KEY", settings.pseudonym_key)
    before = (sample_run.workspace.releases / "CURRENT.json").read_bytes()
    result = CliRunner().invoke(app, ["run"])
    assert result.exit_code == 0, result.output
    assert "Nothing new" in result.output
    assert (sample_run.workspace.releases / "CURRENT.json").read_bytes() == before


def test_the_audit_followed_every_model_to_the_lake(sample_run):
    """Nine unions could not be followed once, and what was made of them passed for harmless."""
    manifest = json.loads(manifest_path().read_bytes())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    current = json.loads((sample_run.workspace.releases / "CURRENT.json").read_text("utf-8"))
    (audit,) = sample_run.workspace.releases.glob(f"{current['release_id']}/audit.json")
    reports = json.loads(audit.read_text("utf-8"))["reports"]
    followed = [
        check["measured"]
        for report in reports
        for check in report["checks"]
        if check["id"] == "CAT-4"
    ]
    assert followed == [{"relations": len(models), "unread": 0}] * 2


@pytest.mark.parametrize("audience", ["analyst", "marketing"])
def test_the_published_files_hold_what_the_pointer_says(sample_run, audience):
    current = json.loads((sample_run.workspace.releases / "CURRENT.json").read_text("utf-8"))
    from pipelines.publish.pointer import open_published

    con = open_published(sample_run.workspace, audience)
    tables = {row[0] for row in con.execute("select table_name from duckdb_tables()").fetchall()}
    con.close()
    assert "segment_summary" in tables
    assert ("fct_payment_attempts" in tables) == (audience == "analyst")
    assert any(entry["audience"] == audience for entry in current["files"])
