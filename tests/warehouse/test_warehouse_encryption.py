"""The encrypted warehouse: what is on disk, and every way in which it refuses.

Writing needs an extension that is not on every machine, so these tests take DuckDB's own way, which
its makers call unsafe; that nothing else takes it is tested first.
"""

from __future__ import annotations

import base64
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest
from handmade_lake import make_workspace, write_analysis
from typer.testing import CliRunner

from pipelines import cli
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings, Workspace
from pipelines.warehouse import dbt_call, dbt_run, encryption
from pipelines.warehouse.connect import connect, write_table
from pipelines.warehouse.dbt_encryption import Plugin
from pipelines.warehouse.encryption import EncryptionError, check_encryption
from pipelines.warehouse.incremental import build_changed

UNSAFE = "force_mbedtls_unsafe"
CLEAR = "a string that nothing on disk may hold"


def key_file(path: Path, text: str | None = None, mode: int = 0o600) -> Path:
    path.write_text(secrets.token_hex(32) if text is None else text, encoding="ascii")
    path.chmod(mode)
    return path


@pytest.fixture
def unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's built-in writing, in place of the extension."""
    monkeypatch.setattr(
        encryption, "load_cryptography", lambda con: con.execute(f"set {UNSAFE} = true")
    )


@pytest.fixture
def no_extension(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without the extension: DuckDB looks for it below the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def locked(tmp_path: Path) -> Workspace:
    """A workspace with a key, and nothing in it."""
    return with_key(make_workspace(tmp_path / "data"), key_file(tmp_path / "warehouse.key"))


def with_key(workspace: Workspace, path: Path | None) -> Workspace:
    settings = workspace.settings.model_copy(update={"warehouse_key_file": path})
    return replace(workspace, settings=settings)


def test_the_project_never_takes_the_unsafe_way() -> None:
    code = [*(PROJECT_ROOT / "pipelines").rglob("*.*"), *DBT_PROJECT_DIR.rglob("*.*")]
    read = [path for path in code if path.suffix in {".py", ".sql", ".yml", ".toml"}]
    assert len(read) > 400
    assert not [path for path in read if UNSAFE in path.read_text(encoding="utf-8")]


@pytest.mark.usefixtures("no_extension")
def test_without_the_extension_nothing_at_all_is_written(
    locked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = locked.settings
    monkeypatch.setenv("WALLET_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("WALLET_WORKSPACE", "samples")
    monkeypatch.setenv("WALLET_WAREHOUSE_KEY_FILE", str(settings.warehouse_key_file))
    result = CliRunner().invoke(cli.app, ["run"])
    assert result.exit_code == 1
    assert "httpfs" in result.stderr
    assert "Nothing was written" in result.stderr
    assert not [path for path in settings.data_dir.rglob("*") if path.is_file()]
    with pytest.raises(EncryptionError, match="httpfs"), connect(locked):
        pass
    # The same from dbt's side, which opens the file by itself.
    for name, value in dbt_run.dbt_environment(locked).items():
        monkeypatch.setenv(name, value)
    credentials = SimpleNamespace(path=encryption.instance_name(locked.warehouse))
    with pytest.raises(EncryptionError, match="httpfs"), duckdb.connect() as connection:
        Plugin("dbt_encryption", {}, credentials).configure_connection(connection)
    assert not [path for path in settings.data_dir.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ("not hex", 0o600, "64 hex digits"),
        ("ab" * 32, 0o600, "64 random hex digits"),
        ("0123456789abcdef", 0o600, "64 random hex digits"),
        (b"correct horse battery staple 32b".hex(), 0o600, "64 random hex digits"),
        (None, 0o644, "chmod 600"),
        (None, 0o660, "chmod 600"),
    ],
)
def test_a_key_that_is_none_or_open_is_refused(
    tmp_path: Path, locked: Workspace, text: str | None, mode: int, says: str
) -> None:
    path = key_file(tmp_path / "bad.key", text, mode)
    with pytest.raises(EncryptionError, match=says) as refusal:
        check_encryption(with_key(locked, path))
    assert path.read_text() not in str(refusal.value)


def test_a_key_beside_the_data_and_a_missing_one_are_refused(
    tmp_path: Path, locked: Workspace
) -> None:
    locked.settings.data_dir.mkdir(parents=True, exist_ok=True)
    beside = key_file(locked.settings.data_dir / "warehouse.key")
    with pytest.raises(EncryptionError, match="among the data"):
        check_encryption(with_key(locked, beside))
    with pytest.raises(EncryptionError, match="There is no key file"):
        check_encryption(with_key(locked, tmp_path / "gone.key"))


@pytest.mark.usefixtures("unsafe")
def test_file_and_log_hold_no_clear_string_and_survive_a_kill(
    tmp_path: Path, locked: Workspace
) -> None:
    frame = pl.DataFrame({"said": [CLEAR] * 5000})
    with connect(locked) as connection:
        write_table(connection, "marts.first", frame)
        connection.execute("checkpoint")
        write_table(connection, "marts.second", frame.head(7))
        log = locked.warehouse.with_name(locked.warehouse.name + ".wal")
        for path in (locked.warehouse, log):
            content = path.read_bytes()
            assert CLEAR.encode() not in content
            assert b"second" not in content
        # As a killed process leaves it.
        left = make_workspace(tmp_path / "left")
        left = with_key(left, locked.settings.warehouse_key_file)
        left.warehouse.parent.mkdir(parents=True)
        for path in (locked.warehouse, log):
            shutil.copy(path, left.warehouse.with_name(path.name))
    assert not log.exists()
    with connect(left) as connection:
        assert connection.execute("select count(*) from marts.second").fetchall() == [(7,)]


@pytest.mark.usefixtures("unsafe")
def test_what_is_spilled_holds_no_clear_string(locked: Workspace) -> None:
    """A table that grows beyond the memory, read from the disk while it is there; how much of it
    is spilled is DuckDB's choice, so the same table without a key shows what would be seen."""

    def spilled(workspace: Workspace) -> list[bytes]:
        with connect(workspace) as connection:
            connection.execute("set memory_limit = '60MB'; set threads = 1")
            connection.execute(
                f"create temp table large as select '{CLEAR}' || hash(i) || hash(i + 1) as said"
                " from range(1_000_000) t(i)"
            )
            folder = workspace.warehouse.with_suffix(".tmp")
            return [path.read_bytes() for path in folder.glob("*.tmp")]

    held = spilled(locked)
    assert any(held)
    assert not [1 for content in held if CLEAR.encode() in content]
    locked.warehouse.unlink()
    assert [1 for content in spilled(with_key(locked, None)) if CLEAR.encode() in content]


@pytest.mark.usefixtures("unsafe")
def test_a_reader_needs_the_key_and_no_extension(
    tmp_path: Path, locked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(locked) as connection:
        write_table(connection, "marts.first", pl.DataFrame({"said": [CLEAR]}))
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with connect(locked, read_only=True) as connection:
        assert connection.execute("from marts.first").fetchall() == [(CLEAR,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("create table marts.more as select 1")
    with pytest.raises(EncryptionError, match="httpfs"), connect(locked):
        pass


@pytest.mark.usefixtures("unsafe")
def test_a_file_that_is_not_as_the_settings_ask_is_left_as_it_is(
    tmp_path: Path, locked: Workspace
) -> None:
    plain = with_key(locked, None)
    other = with_key(locked, key_file(tmp_path / "other.key"))

    def refused(workspace: Workspace, says: str) -> None:
        before = workspace.warehouse.read_bytes()
        for look in (
            lambda: check_encryption(workspace),
            lambda: connect(workspace).__enter__(),
            lambda: connect(workspace, read_only=True).__enter__(),
            lambda: build_changed(workspace),
        ):
            with pytest.raises(EncryptionError, match=says) as refusal:
                look()
            assert "rm -f" in str(refusal.value)
        assert workspace.warehouse.read_bytes() == before

    with connect(plain) as connection:
        write_table(connection, "marts.first", pl.DataFrame({"said": [CLEAR]}))
    refused(locked, "written without encryption")
    locked.warehouse.unlink()
    with connect(locked) as connection:
        write_table(connection, "marts.first", pl.DataFrame({"said": [CLEAR]}))
    refused(plain, "is encrypted, and WALLET_WAREHOUSE_KEY_FILE is not set")
    refused(other, "is not the one")


@pytest.mark.usefixtures("unsafe")
def test_dbt_without_the_plugin_cannot_write_in_clear(locked: Workspace) -> None:
    """A profile that forgot the plugin finds an empty database, and no file in the warehouse's
    place; one that opens the file by its path is refused by DuckDB."""
    with connect(locked) as connection:
        write_table(connection, "marts.first", pl.DataFrame({"said": [CLEAR]}))
    with pytest.raises(duckdb.CatalogException, match="without a key"):
        duckdb.connect(str(locked.warehouse))
    in_memory = duckdb.connect(encryption.instance_name(locked.warehouse))
    assert in_memory.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
    in_memory.close()


@pytest.fixture
def encrypted_story(
    tmp_path: Path, built_workspace: Workspace, unsafe: None
) -> tuple[Workspace, bytes]:
    """The story's lake, built by dbt into an encrypted warehouse."""
    made = make_workspace(tmp_path / "story", minimum_cell_users=5)
    shutil.copytree(built_workspace.lake, made.lake)
    made = with_key(made, key_file(tmp_path / "warehouse.key"))
    build_changed(made)
    write_analysis(made)  # published models read it
    runs = build_changed(made)
    assert not [run for run in runs if not run.ok and run.status != "skipped"]
    key = encryption.load_warehouse_key(made.settings)
    assert key is not None
    return made, bytes.fromhex(key)


def test_dbt_builds_what_it_builds_in_clear_and_the_key_stands_nowhere(
    encrypted_story: tuple[Workspace, bytes], built_workspace: Workspace
) -> None:
    workspace, key = encrypted_story
    assert rows_of(workspace) == rows_of(built_workspace)
    assert all(run.unchanged for run in build_changed(workspace) if run.status == "success")
    assert dbt_run.write_docs(workspace).is_file()
    content = workspace.warehouse.read_bytes()
    assert not [word for word in (b"wechat_pay", b"fct_payments", b"succeeded") if word in content]
    forms = [key, key.hex().encode(), base64.b64encode(key), base64.b64encode(key.hex().encode())]
    forms += [form.upper() for form in forms[1:2]]
    searched = [path for path in workspace.root.rglob("*") if path.is_file()]
    searched += [path for path in dbt_call.TARGET_DIR.rglob("*") if path.is_file()]
    assert len(searched) > 100
    for path in searched:
        content = path.read_bytes()
        assert not [form for form in forms if form in content], path


def rows_of(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Count and order-free hash of each table that dbt makes."""
    with connect(workspace) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal"
            " and schema_name in ('marts', 'intermediate', 'staging', 'analyst', 'marketing')"
        ).fetchall()
        assert names
        return {
            name: connection.execute(
                f"select count(*), coalesce(sum(hash(t)::hugeint), 0) from {name} as t"
            ).fetchall()[0]
            for (name,) in names
        }


def test_settings_name_a_file_and_no_key() -> None:
    """The key is no setting: a setting is printed, kept in run configuration and in digests."""
    named = {name for name in Settings.model_fields if "warehouse" in name}
    assert named == {"warehouse_key_file"}
