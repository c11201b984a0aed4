"""The history of runs as our storage writes it and Dagster's own reads it."""

from __future__ import annotations

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from pipelines import automation
from pipelines.history import _MOST_OPEN, RunHistory
from pipelines.settings import Settings


@dg.multi_asset(
    specs=[dg.AssetSpec("paid"), dg.AssetSpec("refunded")],
    check_specs=[dg.AssetCheckSpec("adds_up", asset="paid")],
)
def _facts():
    yield dg.MaterializeResult(asset_key="paid", metadata={"rows": 3})
    yield dg.MaterializeResult(asset_key="refunded")
    yield dg.AssetCheckResult(asset_key="paid", check_name="adds_up", passed=False)


def test_history_is_dagsters_own_and_keeps_few_files_open(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    home = tmp_path / "a 'quoted': {folder} 历史"
    automation.prepare_dagster_home(Settings(data_dir=home))
    job = dg.Definitions(assets=[_facts], jobs=[dg.define_asset_job("everything")])
    with dg.DagsterInstance.get() as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, RunHistory)
        runs = [
            job.resolve_job_def("everything").execute_in_process(instance=instance)
            for _ in range(4)
        ]
        assert all(run.success for run in runs)
        assert len(storage._engines) <= _MOST_OPEN
        plain = SqliteEventLogStorage(storage._base_dir)
        for run in runs:
            ours, theirs = storage.get_logs_for_run(run.run_id), plain.get_logs_for_run(run.run_id)
            assert [entry.dagster_event_type for entry in theirs] == [
                entry.dagster_event_type for entry in ours
            ]
            assert dg.DagsterEventType.ASSET_MATERIALIZATION in {e.dagster_event_type for e in ours}
        latest = plain.get_latest_materialization_events([dg.AssetKey("paid")])
        assert latest[dg.AssetKey("paid")].run_id == runs[-1].run_id
    assert storage._engines == {}
