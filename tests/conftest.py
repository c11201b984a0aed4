"""What all rooms' tests share: the bundled samples, taken the whole way once per session."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.settings import Settings, Workspace

# Only for tests; a merchant's key never stands in a file of the repository.
TEST_KEY = "5d0c7a91e2b84f36a7d1c05e9b3f62d48c17e0a5f4936b2d81ce74a05f9d3b68"


@dataclass(frozen=True)
class SampleRun:
    """The samples after `wallet run`: where everything is, and what the terminal showed."""

    settings: Settings
    workspace: Workspace
    success: bool
    quarantined: int
    printed: str


def take_the_whole_way(settings: Settings, workspace: Workspace) -> SampleRun:
    from pipelines import runs, summary

    console = Console(file=io.StringIO(), width=140, highlight=False)
    result = runs.run_everything(settings, workspace, console)
    quarantined = summary.show(console, workspace, result, per_file=True)
    return SampleRun(settings, workspace, result.success, quarantined, console.file.getvalue())


@pytest.fixture(scope="session")
def whole_way() -> Callable[[Settings, Workspace], SampleRun]:
    return take_the_whole_way


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    data_dir: Path = tmp_path_factory.mktemp("wallet-data")
    settings = Settings(data_dir=data_dir, workspace="samples", pseudonym_key=TEST_KEY)
    return take_the_whole_way(settings, settings.open_workspace())
