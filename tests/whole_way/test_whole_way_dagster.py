"""What the data engineer sees: the asset graph, its groups and words, the landing sensor."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import dagster as dg
import duckdb
import pytest

from pipelines import automation, retention
from pipelines.automation import WorkspaceBusyError, plan_landing, run_lock
from pipelines.definitions import build_defs
from pipelines.settings import Settings

UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def definitions(sample_run):
    return build_defs(sample_run.workspace)


def test_every_asset_says_what_it_is_and_whose(definitions):
    specs = [s for s in definitions.resolve_all_asset_specs() if s.group_name != "default"]
    assert len(specs) > 35
    for spec in specs:
        assert spec.description, spec.key
        assert spec.kinds, spec.key
        assert spec.owners, spec.key


def test_groups_are_the_rooms(definitions):
    groups = {spec.group_name for spec in definitions.resolve_all_asset_specs()}
    assert groups == {
        "ingest", "reference", "staging", "intermediate", "marts", "segments", "failures", "risk",
        "published", "publish",
    }  # fmt: skip


def test_a_release_comes_after_everything_published(definitions):
    graph = definitions.resolve_asset_graph()
    release = graph.get(dg.AssetKey(["publish", "release"]))
    published = {
        spec.key for spec in definitions.resolve_all_asset_specs() if spec.group_name == "published"
    }
    assert published
    assert published <= set(release.parent_keys)


def test_no_job_but_the_backfill_asks_for_a_day(definitions):
    jobs = {job.name: job for job in definitions.resolve_all_job_defs()}
    asked = {name for name, job in jobs.items() if job.partitions_def and name[0] != "_"}
    assert asked == {"read_days_again"}
    assert {"everything", "new_files", "reports_only", "audit_only"} <= set(jobs)
    graph = definitions.resolve_asset_graph()
    days = graph.get(dg.AssetKey(["lake", "export_days"]))
    # What "Materialize all" would make: were it among them, the button would ask for a day.
    assert not days.is_materializable
    assert {
        node.to_string() for node in jobs["reports_only"].asset_layer.executable_asset_keys
    } == {'["publish", "release"]'}
    everything = jobs["everything"].asset_layer.executable_asset_keys
    assert everything == graph.materializable_asset_keys - {
        dg.AssetKey(["publish", "weekly_audit"])
    }


def test_what_should_come_daily_says_when_it_is_late(definitions):
    late = {
        spec.key.to_user_string()
        for spec in definitions.resolve_all_asset_specs()
        if spec.freshness_policy
    }
    assert late == {"lake/files", "publish/release", "publish/weekly_audit"}


def test_what_the_readme_says_comes_by_itself_is_on(definitions):
    schedules = list(definitions.schedules)
    assert {s.name for s in schedules} == {
        "daily_everything", "weekly_privacy_audit", "weekly_tidy_history",
    }  # fmt: skip
    assert {s.default_status for s in schedules} == {dg.DefaultScheduleStatus.RUNNING}
    assert {s.default_status for s in definitions.sensors} == {dg.DefaultSensorStatus.RUNNING}


def test_a_run_shows_columns_rows_and_days_and_no_person(sample_run, definitions):
    """Everything that Dagster keeps of the samples' run, read back from its own history."""
    specs = {spec.key: spec for spec in definitions.resolve_all_asset_specs()}
    with dg.DagsterInstance.from_config(str(sample_run.settings.dagster_home)) as instance:
        shown = {
            key: event.asset_materialization.metadata
            for key in specs
            if (event := instance.get_latest_materialization_event(key)) is not None
        }
        days = instance.get_materialized_partitions(dg.AssetKey(["lake", "export_days"]))
    assert set(specs) - set(shown) == {dg.AssetKey(["publish", "weekly_audit"])}
    for key, metadata in shown.items():
        has_columns = "dagster/column_schema" in {*metadata, *specs[key].metadata}
        assert has_columns or key.path[0] == "publish", key
    kind = "dagster-dbt/materialization_type"
    marts = [
        metadata
        for key, metadata in shown.items()
        if specs[key].group_name == "marts" and specs[key].metadata[kind] == "table"
    ]
    assert len(marts) > 30
    assert all("dagster/row_count" in metadata and "filled" in metadata for metadata in marts)
    assert len(days) == 90
    attempts = shown[dg.AssetKey(["marts", "fct_payment_attempts"])]
    assert "20,067 in all" in attempts["rows_by_day"].value
    with duckdb.connect(str(sample_run.workspace.warehouse), read_only=True) as con:
        people = con.execute("select user_key::varchar from marts.dim_users").fetchall()
    kept = [
        key
        for path in (sample_run.settings.dagster_home / "history" / "runs").glob("*.db")
        for key in UUID.findall(path.read_bytes())
    ]
    assert len(people) > 5_000
    assert kept  # runs have ids of the same form
    assert not {key for (key,) in people} & {key.decode() for key in kept}


def test_old_runs_are_deleted_but_for_the_newest_that_ended_well(monkeypatch, tmp_path):
    @dg.op
    def nothing():
        pass

    monkeypatch.setenv("WALLET_KEEP_RUNS_DAYS", "30")
    monkeypatch.setenv("WALLET_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    home = automation.prepare_dagster_home(Settings())
    everything = dg.JobDefinition(graph_def=dg.GraphDefinition("everything", node_defs=[nothing]))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        first, second = (everything.execute_in_process(instance=instance).run_id for _ in "ab")
        now = datetime.now(UTC)
        with patch.object(retention, "datetime", wraps=datetime) as clock:
            clock.now.return_value = now + timedelta(days=29)
            retention.tidy_history.execute_in_process(instance=instance)
            assert instance.has_run(first)
            clock.now.return_value = now + timedelta(days=31)
            retention.tidy_history.execute_in_process(instance=instance)
        assert not instance.has_run(first)
        assert instance.has_run(second)
    left = {path.stem for path in (home / "history" / "runs").glob("*.db")}
    assert first not in left
    assert second in left


def test_the_sensor_waits_until_files_are_complete(tmp_path):
    bill = tmp_path / "bill.csv"
    bill.write_text("half")
    key, cursor, why = plan_landing([bill], None)
    assert key is None
    assert "arriving" in why
    bill.write_text("half and the other half")
    key, cursor, _ = plan_landing([bill], cursor)
    assert key is None
    key, cursor, why = plan_landing([bill], cursor)
    assert key is not None
    assert "1 new" in why
    key, cursor, why = plan_landing([bill], cursor)
    assert key is None
    assert json.loads(cursor)["done"]


def test_two_runs_never_share_a_workspace(sample_run):
    import subprocess
    import sys

    held = (
        "import sys, filelock, pathlib;"
        f"lock = filelock.FileLock(pathlib.Path({str(sample_run.workspace.root)!r}) / '.run.lock')"
        "; lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(WorkspaceBusyError, match="Another run"), run_lock(sample_run.workspace):
            pass
    finally:
        other.communicate("")
