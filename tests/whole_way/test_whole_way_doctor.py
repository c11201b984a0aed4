"""What the doctor says of folders that others can read, and of settings that are none."""

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


def test_a_setting_that_is_none_is_named_with_the_one_that_was_meant(tmp_path, monkeypatch):
    """A typing error in the name of a variable changed nothing and nobody was told."""
    monkeypatch.setenv("WALLET_MINIMUM_CEL_USERS", "5")
    found = {f.name: f for f in examine(Settings(data_dir=tmp_path, workspace="merchant"))}
    assert not found["Settings"].ok
    assert "WALLET_MINIMUM_CEL_USERS" in found["Settings"].detail
    assert found["Settings"].remedy == "Did you mean WALLET_MINIMUM_CELL_USERS?"
