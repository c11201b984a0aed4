"""What the doctor says of folders that others can read."""

from __future__ import annotations

from pipelines.automation import run_lock
from pipelines.doctor import examine
from pipelines.settings import Settings


def private(settings: Settings):
    (finding,) = (f for f in examine(settings) if f.name == "Private folders are closed")
    return finding


def test_open_files_of_the_warehouse_are_named_and_closed_by_the_next_run(tmp_path):
    settings = Settings(data_dir=tmp_path, workspace="merchant")
    workspace = settings.open_workspace()
    assert private(settings).ok
    workspace.warehouse.parent.mkdir(mode=0o755)
    workspace.warehouse.write_bytes(b"")
    workspace.warehouse.chmod(0o644)
    workspace.models.mkdir(mode=0o700)
    told = private(settings)
    assert not told.ok
    assert "2 open to others, such as" in told.detail
    assert f"chmod -R go-rwx '{workspace.warehouse.parent}' '{workspace.models}'" in told.remedy
    with run_lock(workspace):
        pass
    closed = private(settings)
    assert (closed.ok, closed.detail) == (True, "2 folders, 0700 and 0600")
