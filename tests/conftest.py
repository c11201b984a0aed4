"""What all rooms' tests share: the bundled samples taken the whole way, once per test run.

A whole test run uses all cores: one worker process per core, and a file's tests on one worker.
What is expensive to make goes through `prepared`, so that only one worker makes it.
"""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from filelock import FileLock
from rich.console import Console

from pipelines.settings import Settings, Workspace

# Only for tests; a merchant's key never stands in a file of the repository.
TEST_KEY = "5d0c7a91e2b84f36a7d1c05e9b3f62d48c17e0a5f4936b2d81ce74a05f9d3b68"

TEST_SIGNING_KEY = "9b1f4c6ad27e83505d0c7a91e2b84f36c81e0a5f4936b2d8a7d1c05e9b3f62d4"

# Python's own 700 are for small programs: Dagster, dbt and scikit-learn make millions of objects
# that stay, and a quarter of the time before the first test went into searching them for garbage.
gc.set_threshold(50_000, 10, 10)

# Workers and the processes that tests start would each compile the package, and rewrite the asserts
# of all tests, for themselves: a third of the time before the first test.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Machines differ, and an example that makes a worker import a library is the slowest of all.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

TESTS = Path(__file__).parent
# Each worker imports Dagster, dbt and scikit-learn for itself: more of them soon gain nothing.
MOST_WORKERS = 4


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores. Read by DuckDB's settings, OpenMP and polars when they start.
    _mine = str(max(1, _cores() // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])))
    for _name in ("WALLET_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ.setdefault(_name, _mine)


def _signing_key_file() -> str:
    """One key in all workers: a release that one of them made is opened by another."""
    path = Path(tempfile.mkdtemp(prefix="wallet-test-key-")) / "signing.key"
    path.touch(mode=0o600)
    path.write_text(TEST_SIGNING_KEY, encoding="ascii")
    return str(path)


os.environ["WALLET_SIGNING_KEY_FILE"] = _signing_key_file()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All cores for the whole suite; a room, a file or a `-k` runs in this process."""
    asked_for = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    is_whole = any(path == TESTS or path in TESTS.parents for path in asked_for)
    return min(_cores(), MOST_WORKERS) if is_whole and not config.option.keyword else 0


# Files are handed out in this order: what keeps a worker long goes first, the longest first, and
# what waits for the samples' run goes last, when it has long been made; of these the one that makes
# a run of its own first, so that no worker is alone with it at the end.
FIRST = (
    "test_whole_way_samples.py",
    "test_warehouse_planted.py",
    "test_publish_release.py",
    "test_warehouse_build.py",
    "test_publish_gate.py",
    "test_warehouse_incremental.py",
    "test_reports_browser.py",
    "test_formats_wrappings.py",
    "test_formats_adyen_facts.py",
    "test_segments_known.py",
)
FIRST_OF_THE_WAITING = "test_whole_way_refusal.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    waiting = {item.path for item in items if "sample_run" in getattr(item, "fixturenames", ())}

    def place(item: pytest.Item) -> int:
        if item.path.name in FIRST:
            return FIRST.index(item.path.name)
        if item.path not in waiting:
            return len(FIRST)
        return len(FIRST) + (1 if item.path.name == FIRST_OF_THE_WAITING else 2)

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="module")
def _settled() -> None:
    """What imports and parsed projects made stays: it is not looked through for garbage.

    Once a file: a build ends with everything in sight (`dbt_lean.settled`).
    """
    gc.freeze()


def pytest_unconfigure() -> None:
    """Modules in C complain of objects that Python leaves behind when it ends."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], Any]], tuple[Path, Any]]:
    """Makes an expensive folder once per test run: `folder, note = prepared(name, make)`.

    The first worker that asks calls `make(folder)`, which fills the folder and returns what else
    is to be known, as JSON. Every worker gets a copy of its own, so that no test meets another
    worker's locks or changes.
    """
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "prepared"

    def prepare(name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
        shared.mkdir(exist_ok=True)
        folder, note = shared / name, shared / f"{name}.json"
        with FileLock(shared / f"{name}.lock"):
            if not note.is_file():
                # What a maker left that failed; the next worker tries, and fails with its reason.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                note.write_text(json.dumps(make(folder)), encoding="utf-8")
        copy = shutil.copytree(folder, own / name, symlinks=True)
        return copy, json.loads(note.read_text("utf-8"))

    return prepare


@cache
def _remembered(self_test: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    known: dict[str, list[Any]] = {}

    def remembered(policy: Any) -> list[Any]:
        digest = policy.digest()
        if digest not in known:
            known[digest] = self_test(policy)
        return list(known[digest])

    return remembered


@pytest.fixture(scope="module")
def self_tested_once() -> Iterator[None]:
    """The audit's self-test looks at no file and takes as long as a small one: once per policy.

    With a patch of its own: tests undo what `monkeypatch` did, and this with it.
    """
    from pipelines.privacy import canary

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canary, "self_test", _remembered(canary.self_test))
        yield


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
def sample_run(prepared: Callable) -> SampleRun:
    def settings_in(folder: Path) -> Settings:
        return Settings(data_dir=folder, workspace="samples", pseudonym_key=TEST_KEY)

    def make(folder: Path) -> dict[str, Any]:
        settings = settings_in(folder)
        run = take_the_whole_way(settings, settings.open_workspace())
        return {"success": run.success, "quarantined": run.quarantined, "printed": run.printed}

    folder, seen = prepared("samples", make)
    settings = settings_in(folder)
    return SampleRun(settings, settings.open_workspace(), **seen)
