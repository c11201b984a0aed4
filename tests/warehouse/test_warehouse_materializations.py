"""Tables, views and tests that are one statement each, in a small dbt project of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import DBT_PROJECT_DIR
from pipelines.warehouse import dbt_call

_PROJECT = """
name: wallet
version: "1.0"
config-version: 2
profile: wallet
flags: {send_anonymous_usage_stats: false}
"""
_PROFILE = """
wallet:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('WALLET_WAREHOUSE') }}", threads: 1}
"""
_CONTRACT = """
models:
  - name: sums
    config: {contract: {enforced: true}}
    columns:
      - {name: wallet, data_type: varchar}
      - {name: amount, data_type: "decimal(18, 4)"}
"""
_SQL = "select 'alipay' as wallet, cast(12.5 as decimal(18, 4)) as amount"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for part in ("macros", "models", "tests"):
        (folder / part).mkdir()
    shutil.copy(DBT_PROJECT_DIR / "macros" / "materializations.sql", folder / "macros")
    (folder / "dbt_project.yml").write_text(_PROJECT)
    (folder / "profiles.yml").write_text(_PROFILE)
    (folder / "models" / "sums.yml").write_text(_CONTRACT)
    return folder


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project without a model, a test or a warehouse.

    One folder for all: dbt keeps there what it parsed of its own macros, a second of each call.
    """
    monkeypatch.setattr(dbt_call, "DBT_PROJECT_DIR", folder)
    yield folder
    for made in ("models/sums.sql", "tests/assert_nothing.sql", "warehouse.duckdb"):
        (folder / made).unlink(missing_ok=True)


def _built(project: Path, config: str, sql: str = _SQL) -> tuple[str, str]:
    (project / "models" / "sums.sql").write_text("{{ config(" + config + ") }}\n" + sql)
    arguments = ["run", "--target-path", str(project / "target")]
    warehouse = project / "warehouse.duckdb"
    result = dbt_call.invoke(arguments, {"WALLET_WAREHOUSE": str(warehouse)}, None)
    dbt_call.release_warehouse()
    (node,) = result.results
    return str(node.status), node.message or ""


def _kind_and_rows(project: Path) -> tuple[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(project / "warehouse.duckdb"), read_only=True) as connection:
        kind = "select table_type from information_schema.tables where table_name = 'sums'"
        ((table_type,),) = connection.execute(kind).fetchall()
        rows = connection.execute("select wallet, amount::varchar from sums").fetchall()
    return table_type, rows


def test_a_relation_is_replaced_whatever_it_was_before(project: Path) -> None:
    steps = (("table", "12.5"), ("table", "13.5"), ("view", "14.5"), ("table", "15.5"))
    for materialized, amount in steps:
        sql = _SQL.replace("12.5", amount)
        status, message = _built(project, f"materialized='{materialized}'", sql)
        assert status == "success", message
        kind = "VIEW" if materialized == "view" else "BASE TABLE"
        assert _kind_and_rows(project) == (kind, [("alipay", f"{amount}000")])


@pytest.mark.parametrize(
    ("materialized", "sql"),
    [
        ("table", "select 'alipay' as wallet, 12.5 as amount"),
        ("table", _SQL + ", 1 as not_in_the_contract"),
        ("view", "select 'alipay' as wallet"),
    ],
)
def test_a_broken_contract_fails_the_model(project: Path, materialized: str, sql: str) -> None:
    status, message = _built(project, f"materialized='{materialized}'", sql)
    assert status == "error"
    assert "contract" in message


def test_what_is_left_out_is_refused(project: Path) -> None:
    status, message = _built(project, "materialized='table', post_hook='select 1'")
    assert status == "error"
    assert "post-hook is not supported" in message
    status, message = _built(project, "materialized='table', grants={'select': ['analyst']}")
    assert status == "error"
    assert "grants is not supported" in message


def test_a_failing_model_leaves_the_table_of_before(project: Path) -> None:
    assert _built(project, "materialized='table'")[0] == "success"
    status, _ = _built(project, "materialized='table'", _SQL.replace("12.5", "'twelve'"))
    assert status == "error"
    assert _kind_and_rows(project) == ("BASE TABLE", [("alipay", "12.5000")])


@pytest.mark.parametrize(
    ("config", "rows", "status", "failures"),
    [
        ("severity='error'", 0, "pass", 0),
        ("severity='error'", 3, "fail", 3),
        ("severity='warn'", 3, "warn", 3),
        ("error_if='> 3'", 3, "warn", 3),
        ("fail_calc='sum(n)'", 3, "fail", 6),
    ],
)
def test_a_test_says_how_many_rows_fail(
    project: Path, config: str, rows: int, status: str, failures: int
) -> None:
    result = _tested(project, config, rows)
    assert (result.status, result.failures) == (status, failures), result.message


@pytest.mark.parametrize("option", ["store_failures=true", "limit=10"])
def test_what_a_test_leaves_out_is_refused(project: Path, option: str) -> None:
    result = _tested(project, option, 0)
    assert result.status == "error"
    assert f"{option.split('=')[0]} is not supported" in result.message


def _tested(project: Path, config: str, rows: int) -> Any:
    (project / "tests" / "assert_nothing.sql").write_text(
        "{{ config(" + config + ") }}\n"
        f"select * from (values (1), (2), (3)) as numbers (n) where n <= {rows}"
    )
    warehouse = project / "warehouse.duckdb"
    result = dbt_call.invoke(
        ["test", "--target-path", str(project / "target")],
        {"WALLET_WAREHOUSE": str(warehouse)},
        None,
    )
    dbt_call.release_warehouse()
    (node,) = result.results
    return node
