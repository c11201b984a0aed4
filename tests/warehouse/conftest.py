"""The hand-written lake built once for all tests of the room, the way production builds it."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import duckdb
import pytest
from handmade_lake import definitions_for, make_workspace, write_lake

from pipelines.settings import Workspace
from pipelines.warehouse import connect


@pytest.fixture(scope="session")
def story_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The story's lake, nothing built from it yet; the smallest minimum cell there may be."""
    workspace = make_workspace(tmp_path_factory.mktemp("warehouse"), minimum_cell_users=5)
    write_lake(workspace.lake)
    return workspace


@pytest.fixture(scope="session")
def whole_run(story_workspace: Workspace) -> dg.ExecuteInProcessResult:
    """Everything built once, the way production does: Dagster, dbt in-process, both steps."""
    job = definitions_for(story_workspace).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(raise_on_error=True)


@pytest.fixture(scope="session")
def built_workspace(story_workspace: Workspace, whole_run: dg.ExecuteInProcessResult) -> Workspace:
    """The story's lake with everything built from it."""
    assert whole_run.success
    return story_workspace


@pytest.fixture
def warehouse(built_workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect.connect(built_workspace) as connection:
        yield connection
