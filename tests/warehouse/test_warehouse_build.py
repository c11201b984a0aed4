"""Building: two steps in Dagster, tests as checks, failures that say what and where, any order."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
from handmade_lake import PUBLISHED, definitions_for, make_workspace, write_lake

from pipelines.settings import DBT_PROJECT_DIR, Workspace
from pipelines.warehouse import connect, dbt_call, dbt_run


def test_dagster_runs_dbt_around_the_analysis(whole_run):
    # Dagster numbers the two steps of one asset function as it likes.
    assert [step.removesuffix("_2") for step in whole_run.steps] == [
        "dbt_models",
        "stand_in_analysis",
        "dbt_models",
    ]


def test_assets_are_grouped_by_layer_and_owned():
    from pipelines.warehouse.assets import dbt_models

    specs = list(dbt_models.specs)
    layers = {"reference", "staging", "intermediate", "marts", "published"}
    assert {spec.group_name for spec in specs} == layers
    assert all(spec.owners == ["team:data"] for spec in specs)


def test_every_model_is_materialized_with_its_rows(whole_run):
    rows = dict(whole_run.rows)
    assert len(rows) == len(whole_run.rows)
    assert rows["marts/fct_captures"] == 6
    assert rows["marketing/published_marketing__cluster_summary"] == 1
    # Counting a view would run it.
    assert rows["intermediate/int_captures__deduplicated"] is None


def test_dbt_tests_are_checks(whole_run):
    failed = {check.name: check.severity for check in whole_run.checks if not check.passed}
    # Planted: two orphans, an unknown code, a row without a date and rows of unknown kinds.
    assert failed == dict.fromkeys(
        [
            "warn_refunds_without_payment",
            "warn_failures_without_reason",
            "warn_rows_not_understood",
        ],
        "WARN",
    )
    places = {check.name: check.asset for check in whole_run.checks}
    assert places["assert_every_row_is_accounted_for"] == "marts/rpt_file_conservation"
    assert places["assert_orders_add_up"] == "marts/fct_payments"
    assert len(whole_run.checks) > 45


def test_a_lost_row_stops_the_run_and_is_named(built_workspace, tmp_path):
    """A row more in a file, a yuan more in its totals: the very things conservation is for."""
    shutil.copytree(built_workspace.root, tmp_path, dirs_exist_ok=True)
    workspace = make_workspace(tmp_path)
    files = workspace.lake / "_files/files.parquet"
    has_lost_one = pl.col("source_file") == "all-0107.csv"
    rows_in_file = pl.col("rows_in_file") + pl.when(has_lost_one).then(1).otherwise(0)
    pl.read_parquet(files).with_columns(rows_in_file).write_parquet(files)
    totals = workspace.lake / "_control_totals/totals.parquet"
    is_fee = pl.col("total_name") == "fee"
    expected = (pl.col("expected") + pl.when(is_fee).then(1).otherwise(0)).alias("expected")
    pl.read_parquet(totals).with_columns(expected).write_parquet(totals)
    job = definitions_for(workspace).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        raise_on_error=False,
        asset_selection=[
            dg.AssetKey(["marts", "rpt_file_conservation"]),
            dg.AssetKey(["marts", "rpt_data_freshness"]),
        ],
    )
    assert not result.success
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    errors = [check for check in failed if check.severity == dg.AssetCheckSeverity.ERROR]
    assert {check.check_name for check in errors} == {
        "assert_every_row_is_accounted_for",
        "assert_lake_equals_control_totals",
    }
    (step,) = [event for event in result.all_events if event.is_step_failure]
    message = (
        step.step_failure_data.error.cause.message if step.step_failure_data.error.cause else ""
    )
    text = f"{message} {step.step_failure_data.user_failure_data.description}"
    assert "assert_every_row_is_accounted_for" in text
    built = {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}
    # What stands behind a failed check is not built on it.
    assert built == {"rpt_file_conservation"}


def test_facts_do_not_depend_on_the_order_of_arrival(built_workspace, tmp_path):
    """The same files under names in the opposite order give the same tables, to the byte."""
    shuffled = make_workspace(tmp_path, minimum_cell_users=5)
    write_lake(shuffled.lake, reverse=True)
    models = ["fct_payment_attempts", "fct_captures", "fct_refunds", "fct_payments", "dim_users"]
    runs = dbt_run.build(
        shuffled, select=[f"+{name}" for name in models], exclude=["test_type:data"]
    )
    assert all(run.ok for run in runs)
    for model in models:
        assert contents(shuffled, model) == contents(built_workspace, model), model


def contents(workspace: Workspace, model: str) -> list[tuple]:
    with connect.connect(workspace) as connection:
        return connection.execute(f"select * from marts.{model} order by all").fetchall()


def test_an_empty_lake_builds_empty_tables(tmp_path):
    """Also in another zone and currency than China's: their SQL is another, and must run."""
    workspace = make_workspace(
        tmp_path, business_timezone="America/New_York", reporting_currency="USD"
    )
    write_lake(workspace.lake, story={})
    runs = dbt_run.build(workspace, exclude=[PUBLISHED])
    assert [run.name for run in runs if not run.ok] == []
    assert contents(workspace, "fct_payments") == []


def test_a_missing_lake_is_said_plainly(tmp_path):
    workspace = make_workspace(tmp_path)
    said = f"The lake at {re.escape(str(workspace.lake))} cannot be read.*No files found.*parquet"
    with pytest.raises(dbt_call.DbtError, match=re.compile(said, re.DOTALL)):
        dbt_run.build(workspace, select=["dim_users"])


def test_dbt_leaves_the_file_and_the_environment_free(built_workspace):
    assert "WALLET_LAKE" not in os.environ
    assert Path.cwd() != DBT_PROJECT_DIR
    with connect.connect(built_workspace, read_only=True) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_sql_units(built_workspace):
    runs = [
        run for run in dbt_run.run_unit_tests(built_workspace) if run.resource_type == "unit_test"
    ]
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    assert len(runs) >= 10


def test_spark_understands_the_compiled_models(built_workspace):
    """Scale-out keeps these models: what Spark's dialect cannot say belongs in a macro."""
    import sqlglot

    compiled = built_workspace.warehouse.parent / "dbt/target/compiled/wallet/models"
    files = list(compiled.rglob("*.sql"))
    assert len(files) > 45
    for path in files:
        sqlglot.transpile(
            path.read_text(encoding="utf-8"),
            read="duckdb",
            write="spark",
            unsupported_level=sqlglot.ErrorLevel.RAISE,
        )


def test_a_frame_replaces_a_table_or_nothing_changes(built_workspace):
    frame = pl.DataFrame({"user_key": ["00000000-0000-0000-0000-000000000001"], "n": [1]})
    with connect.connect(built_workspace) as connection:
        assert connect.write_table(connection, "scratch.people", frame) == 1
        kinds = connection.execute("describe scratch.people").fetchall()
        assert [row[1] for row in kinds] == ["UUID", "BIGINT"]
        broken = pl.DataFrame({"user_key": ["no key"], "n": [2]})
        with pytest.raises(duckdb.ConversionException):
            connect.write_table(connection, "scratch.people", broken)
        assert connect.read_frame(connection, "from scratch.people").equals(frame)
        with pytest.raises(ValueError, match="schema.table"):
            connect.write_table(connection, "people; drop table x", frame)
        connection.execute("drop schema scratch cascade")


def test_reading_before_the_first_build_says_what_to_do(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="wallet run"),
        connect.connect(make_workspace(tmp_path), read_only=True),
    ):
        pass
