"""The hand-written lake built once for all tests of the room, the way production builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from handmade_lake import definitions_for, make_workspace, write_lake

from pipelines.settings import Workspace
from pipelines.warehouse import connect


@dataclass(frozen=True)
class Check:
    """A dbt test as Dagster recorded it."""

    name: str
    asset: str
    passed: bool
    severity: str


@dataclass(frozen=True)
class WholeRun:
    """What Dagster recorded of building the story.

    `rows` has every materialized asset in order, with its row count where one was recorded.
    """

    steps: list[str]
    rows: list[tuple[str, int | None]]
    checks: list[Check]


def story_in(folder: Path) -> Workspace:
    """The smallest minimum cell there may be: the story has few people."""
    return make_workspace(folder, minimum_cell_users=5)


def build_story(folder: Path) -> dict[str, Any]:
    """Lake and tables, the way production builds them: Dagster, dbt in-process, both steps."""
    workspace = story_in(folder)
    write_lake(workspace.lake)
    job = definitions_for(workspace).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(raise_on_error=True)
    rows = []
    for event in result.get_asset_materialization_events():
        count = event.step_materialization_data.materialization.metadata.get("dagster/row_count")
        rows.append((event.asset_key.to_user_string(), count.value if count else None))
    checks = [
        Check(c.check_name, c.asset_key.to_user_string(), c.passed, c.severity.value)
        for c in result.get_asset_check_evaluations()
    ]
    steps = [event.step_key for event in result.all_events if event.is_step_start]
    return asdict(WholeRun(steps, rows, checks))


@pytest.fixture(scope="session")
def story(prepared: Callable) -> tuple[Workspace, WholeRun]:
    folder, seen = prepared("story", build_story)
    checks = [Check(**check) for check in seen["checks"]]
    rows = [(name, count) for name, count in seen["rows"]]
    return story_in(folder), WholeRun(seen["steps"], rows, checks)


@pytest.fixture(scope="session")
def whole_run(story: tuple[Workspace, WholeRun]) -> WholeRun:
    return story[1]


@pytest.fixture(scope="session")
def built_workspace(story: tuple[Workspace, WholeRun]) -> Workspace:
    """The story's lake with everything built from it."""
    return story[0]


@pytest.fixture
def warehouse(built_workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect.connect(built_workspace) as connection:
        yield connection
