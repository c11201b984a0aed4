"""What is left out of dbt for speed: nothing that a build needs, and no warning."""

from __future__ import annotations

import copy
import gc
from pathlib import Path

import pytest

from pipelines.warehouse import dbt_call, dbt_lean, dbt_project


def test_every_macro_that_a_node_names_is_kept_and_most_others_are_not() -> None:
    whole = dbt_project.parsed_manifest()
    lean = dbt_lean.with_reachable_macros(whole)
    named = {macro for node in whole.nodes.values() for macro in node.depends_on.macros}
    assert named <= lean.macros.keys()
    assert len(lean.macros) < len(whole.macros) / 2
    # What `adapter.dispatch` may choose: this database's variant, or the default one.
    assert "macro.dbt_duckdb.duckdb__create_schema" in lean.macros
    assert "macro.dbt.default__get_test_sql" in lean.macros
    assert lean.nodes is whole.nodes


def test_the_project_itself_keeps_all_its_macros() -> None:
    whole = dbt_project.parsed_manifest()
    before = len(whole.macros)
    dbt_lean.with_reachable_macros(whole)
    assert len(whole.macros) == before == sum(map(len, whole.get_macros_by_package().values()))


def test_a_macro_that_is_missing_after_all_fails_the_node_that_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "macros").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "macros" / "one.sql").write_text("{% macro one() %} 1 {% endmacro %}")
    (tmp_path / "models" / "ones.sql").write_text("select {{ one() }} as n")
    (tmp_path / "dbt_project.yml").write_text(
        "{name: wallet, version: '1.0', profile: wallet,"
        " flags: {send_anonymous_usage_stats: false}}"
    )
    (tmp_path / "profiles.yml").write_text(
        "wallet: {target: duckdb, outputs: {duckdb: "
        "{type: duckdb, path: \"{{ env_var('WALLET_WAREHOUSE') }}\", threads: 1}}}"
    )
    monkeypatch.setattr(dbt_call, "DBT_PROJECT_DIR", tmp_path)
    variables = {"WALLET_WAREHOUSE": str(tmp_path / "warehouse.duckdb")}
    target = ["--target-path", str(tmp_path / "target")]
    manifest = dbt_call.invoke(["parse", *target], variables, None)
    lean = dbt_lean.with_reachable_macros(manifest)
    results = [dbt_call.invoke(["run", *target], variables, lean).results[0]]
    lean.macros = {key: value for key, value in lean.macros.items() if key != "macro.wallet.one"}
    lean._macros_by_name = lean._macros_by_package = None
    results.append(dbt_call.invoke(["run", *target], variables, lean).results[0])
    dbt_call.release_warehouse()
    assert [str(result.status) for result in results] == ["success", "error"]
    assert "'one' is undefined" in results[1].message


def test_garbage_is_collected_as_before_when_dbt_is_done() -> None:
    gc.unfreeze()  # what the tests' conftest froze
    before = gc.get_threshold(), gc.get_freeze_count()
    with dbt_lean.settled():
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_an_event_says_the_same_when_it_is_read() -> None:
    dbt_lean.hush()
    from dbt.adapters.events.types import SQLQuery
    from dbt.events.types import GenericExceptionOnRun
    from dbt_common.events.base_types import msg_from_base_event

    query = SQLQuery(conn_name="model.wallet.ones", sql="select 1")
    assert query.message() == "On model.wallet.ones: select 1"
    assert query.sql == "select 1"
    assert copy.copy(query).message() == query.message()
    failure = GenericExceptionOnRun(unique_id="model.wallet.ones", exc="no such column")
    assert "no such column" in msg_from_base_event(failure).info.msg
    failure.exc = "no such table"
    assert "no such table" in failure.message()


def test_warnings_reach_who_listens() -> None:
    dbt_lean.hush()
    from dbt.events.types import NoNodesForSelectionCriteria
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager_client import get_event_manager
    from dbt_common.events.functions import fire_event

    heard: list[str] = []
    manager = get_event_manager()
    manager.add_callback(lambda message: heard.append(message.info.msg))
    try:
        fire_event(NoNodesForSelectionCriteria(spec_raw="tag:nothing"))
        fire_event(NoNodesForSelectionCriteria(spec_raw="tag:quiet"), level=EventLevel.DEBUG)
    finally:
        manager.callbacks.pop()
    assert len(heard) == 1
    assert "tag:nothing" in heard[0]
