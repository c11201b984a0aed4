"""What the data engineer sees: the asset graph, its groups and words, the landing sensor."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from pipelines.automation import WorkspaceBusyError, plan_landing, run_lock
from pipelines.definitions import build_defs


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
