"""A workspace with a real private warehouse, ready to publish."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from publish_files import draw_page, write_manifest, write_warehouse

from pipelines.publish.release import Release, current_release, publish
from pipelines.settings import Settings, Workspace


@pytest.fixture(autouse=True)
def _self_test_once(self_tested_once: None) -> None:
    """The audit's self-test looks at no file: once per session is enough here."""


def workspace_in(root: Path) -> Workspace:
    settings = Settings(data_dir=root, keep_releases=2, threads=2, memory_limit="1GB")
    return Workspace("samples", root / "in", root, settings)


@pytest.fixture(scope="session")
def published_once(prepared: Callable) -> Workspace:
    """A workspace with one release; never written to by a test."""

    def make(folder: Path) -> None:
        made = workspace_in(folder)
        write_warehouse(made.warehouse)
        publish(made, manifest=write_manifest(folder / "manifest.json"), render=draw_page)

    folder, _ = prepared("published", make)
    return workspace_in(folder)


@pytest.fixture
def workspace(tmp_path: Path, published_once: Workspace) -> Workspace:
    """A private warehouse of its own; nothing is published yet."""
    made = workspace_in(tmp_path)
    made.warehouse.parent.mkdir(parents=True)
    shutil.copy(published_once.warehouse, made.warehouse)
    return made


@pytest.fixture
def last(workspace: Workspace, published_once: Workspace) -> Release:
    """The release that is current in `workspace` before the test begins."""
    shutil.copytree(published_once.releases, workspace.releases, symlinks=True)
    release = current_release(workspace)
    assert release is not None
    return release


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "manifest.json")


@pytest.fixture
def publishing(workspace: Workspace, manifest: Path) -> Callable[..., Release]:
    """`publish` of this workspace with the stand-in page."""
    return partial(publish, workspace, manifest=manifest, render=draw_page)
