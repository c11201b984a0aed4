"""Making a release: build, audit those very files, draw the report, swap the pointer.

What belongs here: the order of the steps and what is left behind when one fails. What does not: the
steps. The audit is inside the function that publishes: there is no way to publish around it, and
nothing becomes visible before everything was verified where readers will find it.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.interrupts import interruptible
from pipelines.privacy.catalogue import read_catalogue
from pipelines.publish import pointer
from pipelines.publish.digest import logical_digest
from pipelines.publish.draft import Draft, Progress, Render
from pipelines.publish.inputs import code_digest
from pipelines.publish.pointer import (
    Release,
    ReleaseError,
    ReleaseFile,
    current_release,
    open_published,
)
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.signature import (
    SignatureError,
    SigningKey,
    signing_key,
    write_public_key,
)
from pipelines.publish.surroundings import house_of
from pipelines.settings import Workspace
from pipelines.warehouse.incremental import not_as_built

__all__ = [
    "PublishRefused",
    "Release",
    "ReleaseError",
    "ReleaseFile",
    "current_release",
    "logical_digest",
    "open_published",
    "publish",
]

_STAGING = ".staging-"
# How many of a long list an error names.
_NAMED = 8


def publish(
    workspace: Workspace,
    *,
    inputs_digest: str = "",
    manifest: Path | None = None,
    render: Render | None = None,
    progress: Progress | None = None,
    redraw: bool = False,
) -> Release:
    """Build, audit and publish a release of the workspace's warehouse.

    With `redraw` the databases are those of the current release, byte by byte, and only report,
    dictionary and documentation are made anew. All are audited as in any other release.

    Args:
        workspace: whose warehouse is read and whose releases folder is written.
        inputs_digest: what the warehouse was made from; kept in `CURRENT.json`.
        manifest: dbt manifest with the declarations; by default that of this project.
        render: draws the report page; by default the reports room's `render_report`.
        progress: called with a sentence at each step.
        redraw: draw the pages of the current release again; it keeps its own `inputs_digest`.

    Returns:
        The new current release.

    Raises:
        PublishRefused: the audit failed or a file changed after it. The releases folder is as it
            was; the audit's report is kept in `<workspace.root>/audit/`.
        ReleaseError: another process is publishing, there is no key to sign with, the warehouse is
            not as this project builds and tests it, or the release to draw again is not there or
            not as it was audited.
        pipelines.publish.candidate.CandidateError: the warehouse lacks what is declared.
        pipelines.privacy.catalogue.CatalogueError: the manifest cannot be read.
    """
    say = progress or (lambda _: None)
    is_project = manifest is None
    manifest = manifest or _project_manifest()
    catalogue = read_catalogue(manifest)
    workspace.releases.mkdir(parents=True, exist_ok=True)
    with _lock(workspace), interruptible():
        _remove_unfinished(workspace)
        key = _signing_key(workspace)
        redrawn = _current(workspace) if redraw else None
        if is_project and not redrawn:
            _refuse_untested(workspace)
        with _staging(workspace) as (release_id, folder):
            code = code_digest()
            house = house_of(workspace, manifest, code)
            house = replace(house, secrets=(*house.secrets, key.seed))
            draft = Draft(workspace, catalogue, release_id, folder, house, key, code, say)
            draft.build(redrawn)
            draft.draw(render or _reports_room(), manifest)
            release = draft.finish(redrawn.inputs_digest if redrawn else inputs_digest)
            final = _move_into_place(workspace, release, draft)
        write_public_key(workspace, key)
        # Links first: a process killed in between leaves a pointer that the next run sees is old.
        for note in pointer.set_links(workspace, final):
            say(note)
        pointer.set_current(workspace, final)
        _prune(workspace, final, say)
    say(f"Release {final.release_id} is current")
    return final


def _refuse_untested(workspace: Workspace) -> None:
    """Stop where tables are not as they would be built now, or a test of them did not pass.

    Whoever materializes some tables, sees a test fail, and then publishes alone would walk past it.
    """
    if not workspace.warehouse.is_file():
        return  # the candidate says what is missing
    found = not_as_built(workspace)
    if found:
        named = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
        raise ReleaseError(
            "The warehouse is not as it would be built from the lake, the code and the settings "
            f"of now, or its tests did not pass ({len(found)}: {named}). Nothing was published. "
            'Build what is stale first: wallet run --again, or in Dagster the job "everything".'
        )


def _move_into_place(workspace: Workspace, release: Release, draft: Draft) -> Release:
    """Rename the folder to its final name and verify it once more there."""
    final = replace(release, folder=workspace.releases / release.release_id)
    release.folder.rename(final.folder)
    try:
        final.folder.chmod(0o755)
        pointer.sync_folder(workspace.releases)
        draft.check(final)
    except BaseException:
        _delete(final.folder)
        raise
    return final


def _current(workspace: Workspace) -> Release:
    release = current_release(workspace)
    if release is None:
        raise ReleaseError("There is no release to draw again. Run `wallet run` first.")
    return release


def _signing_key(workspace: Workspace) -> SigningKey:
    try:
        return signing_key(workspace)
    except SignatureError as error:
        raise ReleaseError(f"Nothing was published. {error}") from error


@contextmanager
def _lock(workspace: Workspace) -> Iterator[None]:
    # Outside the releases folder, which a refused publish leaves exactly as it was.
    lock = FileLock(workspace.root / ".publish.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ReleaseError(
            f"Another process is publishing to {workspace.releases}. Wait for it to end."
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _staging(workspace: Workspace) -> Iterator[tuple[str, Path]]:
    """A private folder on the same disk, gone afterwards whatever happens."""
    release_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    folder = workspace.releases / f"{_STAGING}{release_id}"
    folder.mkdir(mode=0o700)
    try:
        yield release_id, folder
    finally:
        _delete(folder)


def _remove_unfinished(workspace: Workspace) -> None:
    """What a killed publish left behind; the lock is held, so nobody is at work on it."""
    for folder in workspace.releases.glob(f"{_STAGING}*"):
        _delete(folder)
    for draft in workspace.releases.glob(".*.tmp"):
        draft.unlink()


def _prune(workspace: Workspace, current: Release, say: Progress) -> None:
    """Delete the oldest releases beyond the number kept; one that is open stays for next time."""
    folders = sorted(
        path
        for path in workspace.releases.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )
    old = [path for path in folders if path.name != current.release_id]
    for folder in old[: max(0, len(folders) - workspace.settings.keep_releases)]:
        try:
            _delete(folder)
        except OSError as error:
            say(f"Old release {folder.name} is still in use: {error}")


def _delete(folder: Path) -> None:
    if not folder.exists():
        return
    for path in folder.iterdir():
        # Windows deletes no read-only file.
        path.chmod(0o600)
    shutil.rmtree(folder)


def _project_manifest() -> Path:
    from pipelines.warehouse.dbt_project import manifest_path

    return manifest_path()


def _reports_room() -> Render:
    from pipelines.reports import render_report

    return render_report
