"""What Python's tables were made from: which of them a release would show beside newer marts."""

from __future__ import annotations

import importlib
import logging
import re
import shutil
from dataclasses import replace
from inspect import isgenerator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from handmade_lake import (
    ANALYSIS_TABLES,
    LAKE_ROWS,
    READ,
    make_workspace,
    write_analysis,
    write_lake,
)

from pipelines.publish import release
from pipelines.segments import assets as segments
from pipelines.segments import thresholds
from pipelines.segments.review import ReviewError, review
from pipelines.settings import PROJECT_ROOT, Workspace
from pipelines.warehouse import analysed, incremental
from pipelines.warehouse.connect import connect
from pipelines.warehouse.store import ModelStore

ROOMS = ("segments", "failures", "risk")
# dbt reads these; the other two only Python reads.
PYTHONS = sorted(
    f"analysis.{table}"
    for table in ANALYSIS_TABLES
    if table not in {"segment_history", "segment_models"}
)

READ_BY_STAND_INS = {f"model.wallet.{mart}" for mart in READ}


@pytest.fixture
def copied(built_workspace: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(built_workspace.root, tmp_path / "data", symlinks=True)
    return make_workspace(tmp_path / "data", minimum_cell_users=5)


def stale(workspace: Workspace) -> list[str]:
    return [name for name in incremental.not_as_built(workspace) if name in PYTHONS]


def with_settings(workspace: Workspace, **changed: object) -> Workspace:
    return replace(workspace, settings=workspace.settings.model_copy(update=changed))


def test_segments_older_than_their_marts_are_not_published(copied: Workspace) -> None:
    """A bill is taken back, marts are built anew, the Python rooms are not asked."""
    assert incremental.not_as_built(copied) == []
    shutil.rmtree(copied.lake)
    write_lake(
        copied.lake, {name: rows for name, rows in LAKE_ROWS.items() if name != "all-0107.csv"}
    )
    assert all(run.ok for run in incremental.build_changed(copied, READ_BY_STAND_INS))
    assert stale(copied) == PYTHONS
    with pytest.raises(release.ReleaseError, match=r"analysis\.\w+.*job \"everything\"") as refused:
        release.publish(copied)
    assert "Nothing was published" in str(refused.value)
    write_analysis(copied)
    assert stale(copied) == []


def test_a_mart_built_again_from_the_same_is_not_another(copied: Workspace) -> None:
    runs = incremental.build_changed(copied, READ_BY_STAND_INS, full_refresh=True)
    assert all(run.ok and run.unchanged is None for run in runs)
    assert incremental.not_as_built(copied) == []


def test_code_settings_and_what_nobody_knows(
    copied: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert stale(with_settings(copied, threads=1, keep_releases=9)) == []
    assert stale(with_settings(copied, risk_alerts_per_day=7)) == PYTHONS
    with connect(copied) as connection:
        connection.execute(
            "delete from build_state.analysed where table_name = 'user_segments';"
            " update build_state.analysed set state = null where table_name = 'risk_rules'"
            " and parent = 'marts.dim_users'"
        )
    assert stale(copied) == ["analysis.risk_rules", "analysis.user_segments"]
    write_analysis(copied)
    for room in ("segments", "warehouse"):
        shutil.copytree(PROJECT_ROOT / "pipelines" / room, tmp_path / "pipelines" / room)
    monkeypatch.setattr(analysed, "PROJECT_ROOT", tmp_path)
    assert stale(copied) == []
    with (tmp_path / "pipelines" / "segments" / "lifecycle.py").open("a") as file:
        file.write("# changed\n")
    assert stale(copied) == PYTHONS


def test_a_killed_step_leaves_nothing_known(copied: Workspace) -> None:
    spec = dg.AssetSpec(["analysis", "user_segments"], deps=[["marts", "dim_users"]])
    with pytest.raises(ZeroDivisionError), analysing_again(copied, spec):
        raise ZeroDivisionError
    assert stale(copied) == ["analysis.user_segments"]
    with analysing_again(copied, spec):
        pass
    assert stale(copied) == []


def test_what_is_read_of_another_python_table_is_its_rows(copied: Workspace) -> None:
    spec = dg.AssetSpec(["analysis", "failure_breakdown"], deps=[["analysis", "user_segments"]])
    with analysing_again(copied, spec):
        pass
    assert stale(copied) == []
    with connect(copied) as connection:
        connection.execute("update analysis.user_segments set recency_days = recency_days + 1")
    assert stale(copied) == ["analysis.failure_breakdown"]


def test_thresholds_adopted_since_are_not_in_the_tables(copied: Workspace) -> None:
    """`wallet thresholds --adopt`, then the release alone: it would name users by the old ones, and
    the next run would find nothing new.
    """
    (asset,) = [one for one in vars(segments).values() if isinstance(one, dg.AssetsDefinition)]
    context = SimpleNamespace(assets_def=asset, log=logging.getLogger())
    list(asset.op.compute_fn.decorated_fn(context, copied))
    assert "analysis.user_segments" not in stale(copied)
    stored = ModelStore(copied.models).add(thresholds.KIND, {})
    assert "analysis.user_segments" in stale(copied)
    (copied.models / f"{thresholds.KIND}-v{stored['version']:04d}.json").unlink()
    assert "analysis.user_segments" not in stale(copied)


def test_without_marts_it_says_what_to_build(copied: Workspace) -> None:
    """After an erasure there is a warehouse without tables as soon as somebody looked for one."""
    (asset,) = [one for one in vars(segments).values() if isinstance(one, dg.AssetsDefinition)]
    context = SimpleNamespace(assets_def=asset, log=logging.getLogger())
    copied.warehouse.unlink()
    for _ in range(2):
        with pytest.raises(analysed.NotBuiltError, match=r'marts\.dim_users.*the job "everything"'):
            list(asset.op.compute_fn.decorated_fn(context, copied))
    with pytest.raises(ReviewError, match="Run `wallet run` first"):
        review(copied, adopt=True)


def analysing_again(workspace: Workspace, spec: dg.AssetSpec):
    return analysed.analysing(workspace, [spec], "segments")


@pytest.mark.parametrize("room", ROOMS)
def test_an_asset_reads_what_it_declares_and_nothing_else(copied: Workspace, room: str) -> None:
    """Each asset beside its declared upstreams alone: a table it does not declare is not there."""
    module = importlib.import_module(f"pipelines.{room}.assets")
    found = [one for one in vars(module).values() if isinstance(one, dg.AssetsDefinition)]
    assets = [one for one in found if one.keys]  # not checks
    named = {
        dep.asset_key.to_user_string()
        for asset in assets
        for spec in asset.specs
        for dep in spec.deps
    }
    code = "".join(path.read_text() for path in (PROJECT_ROOT / "pipelines" / room).glob("*.py"))
    assert {name.replace(".", "/") for name in re.findall(r"marts\.[a-z]\w+", code)} == {
        name for name in named if name.startswith("marts/")
    }
    for asset in assets:
        reads = analysed.reads_of(asset.specs)
        keep = {parent for parents in reads.values() for parent in parents}
        folder = copied.root.parent / asset.op.name
        shutil.copytree(copied.root, folder, symlinks=True)
        alone = make_workspace(folder, minimum_cell_users=5)
        with connect(alone) as connection:
            for (table,) in connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables()"
                " where schema_name in ('marts', 'intermediate', 'analyst', 'marketing')"
                " or schema_name = 'analysis'"
            ).fetchall():
                if table not in keep:
                    connection.execute(f"drop table {table}")
        context = SimpleNamespace(assets_def=asset, log=logging.getLogger())
        made = asset.op.compute_fn.decorated_fn(context, alone)
        assert list(made) if isgenerator(made) else made
        assert not set(reads) & {name.partition(".")[2] for name in stale(alone)}
