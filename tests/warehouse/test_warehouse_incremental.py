"""Building only what changed: by the real dbt project, against what a whole build made."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Collection
from pathlib import Path

import dagster as dg
import pytest
from handmade_lake import LAKE_ROWS, definitions_for, make_workspace, write_lake

from pipelines.settings import DBT_PROJECT_DIR, Workspace
from pipelines.warehouse import connect, dbt_project, dbt_run, incremental
from pipelines.warehouse.assets import FULL_REFRESH

WARNINGS = {
    "warn_failures_without_reason",
    "warn_refunds_without_payment",
    "warn_rows_not_understood",
}


@pytest.fixture
def copied(built_workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the story, in another folder than it was built in."""
    shutil.copytree(built_workspace.root, tmp_path / "copy", symlinks=True)
    return make_workspace(tmp_path / "copy", minimum_cell_users=5)


@pytest.fixture(scope="module")
def relations() -> dict[str, str]:
    """All models and seeds: dbt's id and `schema.table`."""
    nodes = json.loads(dbt_project.manifest_path().read_bytes())["nodes"]
    return {
        name: f"{node['schema']}.{node['alias']}"
        for name, node in nodes.items()
        if node["resource_type"] in {"model", "seed"}
    }


def changed(runs: list[dbt_run.NodeRun]) -> set[str]:
    return {run.name for run in runs if run.unchanged is None}


def digests(workspace: Workspace, relations: Collection[str]) -> dict[str, tuple]:
    """Rows of each relation and a digest of them in any order."""
    query = " union all ".join(
        f"select '{name}', count(*), md5(string_agg(cast(t as varchar), '|' order by t))"
        f" from {name} as t"
        for name in sorted(relations)
    )
    with connect.connect(workspace) as connection:
        return {name: tuple(found) for name, *found in connection.execute(query).fetchall()}


def test_any_order_of_arrival_gives_the_tables_of_a_whole_build(built_workspace, copied, relations):
    """Files leave and come in parts: late refunds, copies of a day, corrections, whole sources.

    One order here; `tests/benchmarks/arrival_orders.py` goes through many with the samples.
    """
    names = random.Random(1).sample(list(LAKE_ROWS), len(LAKE_ROWS))  # noqa: S311
    for arrived in (len(names) // 2, len(names)):
        shutil.rmtree(copied.lake)
        there = {name: LAKE_ROWS[name] for name in LAKE_ROWS if name in names[:arrived]}
        write_lake(copied.lake, there)
        runs = incremental.build_changed(copied, nodes=relations)
        assert [run.name for run in runs if not run.ok] == []
        assert 50 < len(changed(runs)) < len(relations)
    assert digests(copied, relations.values()) == digests(built_workspace, relations.values())


def test_nothing_new_builds_nothing(copied):
    runs = incremental.build_changed(copied)
    assert changed(runs) == WARNINGS  # what only warns is asked again
    assert all(run.ok for run in runs)
    log = (copied.warehouse.parent / "dbt/last_build.log").read_text(encoding="utf-8")
    assert len(log.splitlines()) == len(runs)
    assert re.search(r"^success .* fct_payments  unchanged since 20\d\d-", log, re.MULTILINE)
    # The copy lies in another folder: what reads the lake reads its own now.
    with connect.connect(copied) as connection:
        (sql,) = connection.execute(
            "select sql from duckdb_views() where schema_name = 'lake' and view_name = 'files'"
        ).fetchone()
    assert str(copied.lake) in sql


def test_a_moved_lake_is_seen_though_nothing_is_built(copied, relations):
    assert changed(incremental.build_changed(copied, nodes=relations)) == set()
    with connect.connect(copied) as connection:
        files = connection.execute("select count(*) from staging.stg_ingest__files").fetchone()
    assert files is not None
    assert files[0] > 5


def test_a_new_file_touches_only_what_reads_it(copied, relations):
    """And a dropped table, and a full refresh of some."""
    file = next(copied.lake.glob("exchange_rates/empty.parquet"))
    shutil.copy(file, file.with_name("new.parquet"))
    touched = changed(incremental.build_changed(copied, nodes=relations))
    assert {"stg_merchant__exchange_rates", "dim_exchange_rates", "rpt_revenue_daily"} <= touched
    assert not touched & {"fct_payments", "fct_refunds", "fct_payment_attempts", "dim_users"}
    with connect.connect(copied) as connection:
        connection.execute("drop table marts.fct_feedback")
    assert changed(incremental.build_changed(copied, nodes=relations)) == {"fct_feedback"}
    some = ["model.wallet.dim_dates", "seed.wallet.currencies"]
    runs = incremental.build_changed(copied, nodes=some, full_refresh=True)
    assert changed(runs) == {"dim_dates", "currencies"}


def test_a_model_whose_sent_sql_is_gone_is_built_again(copied, relations):
    """The privacy audit follows columns through it: without it, it saw 118 of 283 relations."""
    compiled = copied.warehouse.parent / "dbt/target/compiled/wallet/models"
    gone = next(compiled.rglob("stg_merchant__exchange_rates.sql"))
    gone.unlink()
    runs = incremental.build_changed(copied, nodes=relations)
    assert changed(runs) == {"stg_merchant__exchange_rates"}
    assert gone.is_file()
    assert changed(incremental.build_changed(copied, nodes=relations)) == set()


def test_dagster_says_since_when_and_can_be_told_to_build_all(copied):
    defs = definitions_for(copied)
    job = defs.resolve_implicit_global_asset_job_def()
    chosen = [dg.AssetKey(["marts", "dim_fee_plans"])]
    # Dagster wants parents first, also where a parent is built and what reads it stands. All that
    # it is made of and all that reads it, for each of them is an event that takes its time.
    ranked = dg.AssetSelection.assets(["intermediate", "int_fee_plans__ranked"])
    family = (ranked.upstream() | ranked.downstream()).resolve(defs.resolve_asset_graph())
    with connect.connect(copied) as connection:
        connection.execute("drop view intermediate.int_fee_plans__ranked")
    made = job.execute_in_process(asset_selection=sorted(family))
    metadata = {
        event.asset_key: event.step_materialization_data.materialization.metadata
        for event in made.get_asset_materialization_events()
    }
    assert len(metadata) == len(family) > 10
    built = {key for key, shown in metadata.items() if "seconds" in shown}
    assert built == {dg.AssetKey(["intermediate", "int_fee_plans__ranked"])}
    kept = job.execute_in_process(asset_selection=chosen)
    (event,) = kept.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert "seconds" not in metadata
    assert metadata["dagster/row_count"].value >= 0
    assert metadata["unchanged_since"].value > 0
    assert len(metadata["unchanged_since_run"].value) == 36
    checks = kept.get_asset_check_evaluations()
    assert checks
    assert all(check.passed and "unchanged_since" in check.metadata for check in checks)
    # Of all, the run that says it stands from is the one that built it.
    again = job.execute_in_process(asset_selection=chosen, tags={FULL_REFRESH: "true"})
    (event,) = again.get_asset_materialization_events()
    assert "seconds" in event.step_materialization_data.materialization.metadata
    later = job.execute_in_process(asset_selection=chosen)
    (event,) = later.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert metadata["unchanged_since_run"].value == again.run_id


@pytest.fixture(scope="module")
def behind(built_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The warehouse of a lake that lacked two bills, and the lake of now."""
    later = {"refund-0105.csv", "all-0107.csv"}
    folder = tmp_path_factory.mktemp("behind") / "data"
    shutil.copytree(built_workspace.root, folder, symlinks=True)
    workspace = make_workspace(folder, minimum_cell_users=5)
    shutil.rmtree(workspace.lake)
    write_lake(workspace.lake, {name: LAKE_ROWS[name] for name in LAKE_ROWS if name not in later})
    incremental.build_changed(workspace)
    shutil.rmtree(workspace.lake)
    write_lake(workspace.lake)
    return workspace


@pytest.fixture
def with_new_bills(behind: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(behind.root, tmp_path / "behind", symlinks=True)
    return make_workspace(tmp_path / "behind", minimum_cell_users=5)


def test_dagster_builds_what_a_selected_table_is_made_from(built_workspace, with_new_bills):
    """New files, and one table materialized by itself: its key failed beside parents of before."""
    job = definitions_for(with_new_bills).resolve_implicit_global_asset_job_def()
    made = job.execute_in_process(asset_selection=[dg.AssetKey(["marts", "fct_refunds"])])
    assert [event.asset_key.path for event in made.get_asset_materialization_events()] == [
        ["marts", "fct_refunds"]
    ]
    failed = {c.check_name for c in made.get_asset_check_evaluations() if not c.passed}
    assert made.success
    assert failed <= WARNINGS
    told = {
        event.asset_key.path[-1]: event.event_specific_data.asset_observation
        for event in made.get_asset_observation_events()
    }
    assert {"stg_wechat_pay__trade_bill", "fct_captures", "fct_payment_attempts"} <= told.keys()
    # Neither what reads it nor what stands as it would be built.
    assert not told.keys() & {"fct_fees", "rpt_refund_performance_monthly", "currencies"}
    assert "seconds" in told["fct_captures"].metadata
    # What was built first, and what was selected, stands: the rest is built with them.
    rest = changed(incremental.build_changed(with_new_bills))
    assert "rpt_refund_performance_monthly" in rest
    assert not rest & {"fct_refunds", *told}
    tables = ["marts.fct_refunds", "marts.fct_captures", "marts.rpt_refund_performance_monthly"]
    assert digests(with_new_bills, tables) == digests(built_workspace, tables)


def test_what_python_makes_between_stale_tables_is_asked_for(with_new_bills):
    """dbt's step cannot run a Python job: it says what to select, and that selection does it."""
    defs = definitions_for(with_new_bills)
    job = defs.resolve_implicit_global_asset_job_def()
    wanted = [dg.AssetKey(["analyst", "published_analyst__segment_summary"])]
    with connect.connect(with_new_bills) as connection:
        before = connection.sql("from build_state.nodes order by all").fetchall()
    refused = job.execute_in_process(asset_selection=wanted, raise_on_error=False)
    assert not refused.success
    (failed,) = refused.get_step_failure_events()
    said = failed.step_failure_data.user_failure_data.description
    assert "analysis/user_segments" in said
    assert "dim_users" in said
    with connect.connect(with_new_bills) as connection:
        assert connection.sql("from build_state.nodes order by all").fetchall() == before
    (selection,) = re.findall("select (.*), or run", said)
    # A Python job writes all of its tables or none.
    chosen = dg.AssetSelection.from_string(selection).required_multi_asset_neighbors()
    keys = chosen.resolve(defs.resolve_asset_graph())
    assert set(wanted) < keys
    made = job.execute_in_process(asset_selection=sorted(keys))
    assert made.success
    assert job.execute_in_process(asset_selection=wanted).success


@pytest.mark.parametrize(
    "gone", ["drop table analysis.user_segments", "drop schema analysis cascade"]
)
def test_tables_that_python_never_made_are_asked_for(built_workspace, tmp_path, gone):
    """After an erasure there is no warehouse: marts alone, then what is published of segments."""
    shutil.copytree(built_workspace.root, tmp_path / "data", symlinks=True)
    workspace = make_workspace(tmp_path / "data", minimum_cell_users=5)
    with connect.connect(workspace) as connection:
        connection.execute(gone)
    job = definitions_for(workspace).resolve_implicit_global_asset_job_def()
    wanted = dg.AssetKey(["analyst", "published_analyst__segment_summary"])
    of_dbt = [key for key in job.asset_layer.executable_asset_keys if key.path[0] != "analysis"]
    for selection in ([wanted], of_dbt):
        refused = job.execute_in_process(asset_selection=selection, raise_on_error=False)
        (failed,) = refused.get_step_failure_events()
        said = failed.step_failure_data.user_failure_data.description
        assert "reads analysis/" in said
        assert "not there" in said
        assert 'the job "everything"' in said


def test_a_table_is_built_with_what_its_tests_compare_it_with(built_workspace, tmp_path):
    """Without a warehouse: the balance of files is compared with rejects, and not made of them."""
    workspace = make_workspace(tmp_path / "data", minimum_cell_users=5)
    shutil.copytree(built_workspace.lake, workspace.lake)
    job = definitions_for(workspace).resolve_implicit_global_asset_job_def()
    made = job.execute_in_process(asset_selection=[dg.AssetKey(["marts", "rpt_file_conservation"])])
    checks = {check.check_name: check.passed for check in made.get_asset_check_evaluations()}
    assert checks["assert_rejects_are_listed"]
    told = {event.asset_key.path[-1] for event in made.get_asset_observation_events()}
    assert "stg_ingest__rejects" in told


def test_no_model_asks_for_the_time_or_for_chance():
    """The same inputs must give the same rows, or what is left as it is would not be right."""
    asks = re.compile(
        r"\b(now|today|random|uuid|gen_random_uuid|nextval|rand)\s*\(|current_(date|time|timestamp)\b"
        r"|run_started_at|invocation_id|modules\.datetime|tablesample",
        re.IGNORECASE,
    )
    found = []
    for folder in ("models", "macros", "tests"):
        for path in (DBT_PROJECT_DIR / folder).rglob("*.sql"):
            sql = re.sub(r"--[^\n]*|(?s:\{#.*?#\})", "", path.read_text(encoding="utf-8"))
            found += [f"{path.name}: {hit.group(0)}" for hit in asks.finditer(sql)]
    assert found == []
