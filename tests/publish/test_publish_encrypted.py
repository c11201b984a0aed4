"""Publishing from an encrypted warehouse: the release is as from a plain one, without the key."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import pytest
from publish_files import draw_page

from pipelines.privacy.leaks import forms_of
from pipelines.publish.release import PublishRefused, Release, publish
from pipelines.settings import Workspace
from pipelines.warehouse import encryption
from pipelines.warehouse.encryption import EncryptionError


@pytest.fixture
def encrypted(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """The private warehouse, written again with a key (DuckDB's unsafe way: only here)."""
    monkeypatch.setattr(
        encryption,
        "load_cryptography",
        lambda con: con.execute("set force_mbedtls_unsafe = true"),
    )
    path = tmp_path_factory.mktemp("keys") / "warehouse.key"
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(32), encoding="ascii")
    plain = workspace.warehouse.rename(workspace.warehouse.with_name("plain.duckdb"))
    with duckdb.connect() as con:
        con.execute(f"attach '{plain}' as plain (read_only)")
        encryption.attach_encrypted(con, workspace.warehouse, encryption.read_key(path))
        con.execute("create schema warehouse.marts")
        con.execute("create table warehouse.marts.fct_payments as from plain.marts.fct_payments")
        for (name,) in con.execute(
            "select distinct schema_name || '.' || table_name from duckdb_columns()"
            " where database_name = 'plain' and schema_name in ('analyst', 'marketing')"
            " and table_name <> 'fct_payments'"
        ).fetchall():
            con.execute(f"create schema if not exists warehouse.{name.split('.')[0]}")
            con.execute(f"create table warehouse.{name} as from plain.{name}")
        con.execute(
            "create view warehouse.analyst.fct_payments as from warehouse.marts.fct_payments"
        )
    plain.unlink()
    settings = workspace.settings.model_copy(update={"warehouse_key_file": path})
    return replace(workspace, settings=settings)


def rows_of(database: Path) -> dict[str, list]:
    with duckdb.connect(str(database), read_only=True) as con:
        names = con.execute("select table_name from duckdb_tables()").fetchall()
        query = "select count(*), sum(hash(t)::hugeint) from {} t"
        return {name: con.execute(query.format(name)).fetchall() for (name,) in names}


def test_a_release_from_an_encrypted_warehouse(
    encrypted: Workspace, manifest: Path, last: Release
) -> None:
    made = publish(encrypted, manifest=manifest, render=draw_page)
    for audience in ("analyst", "marketing"):
        # Readers need no key: what is published is meant to be read.
        tables = [rows_of(release.database(audience)) for release in (made, last)]
        assert tables[0]
        assert tables[0] == tables[1]
    key = bytes.fromhex(encrypted.settings.warehouse_key_file.read_text("ascii"))
    files = [path for path in encrypted.root.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes()
        assert not [form for form in forms_of([key]) if form in content], path


def test_the_audit_refuses_a_release_that_shows_the_key(
    encrypted: Workspace, manifest: Path
) -> None:
    key = encrypted.settings.warehouse_key_file.read_text("ascii")

    def draw_with_key(*arguments: object) -> Path:
        page = draw_page(*arguments)
        page.write_text(page.read_text().replace("</ul>", f"<li>{key}</li></ul>"))
        return page

    with pytest.raises(PublishRefused):
        publish(encrypted, manifest=manifest, render=draw_with_key)
    publish(encrypted, manifest=manifest, render=draw_page)


def test_publishing_with_another_key_or_none_is_refused(
    encrypted: Workspace, manifest: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("keys") / "other.key"
    other.touch(mode=0o600)
    other.write_text(secrets.token_hex(32), encoding="ascii")
    for path in (other, None):
        settings = encrypted.settings.model_copy(update={"warehouse_key_file": path})
        publishing = partial(publish, replace(encrypted, settings=settings), manifest=manifest)
        with pytest.raises(EncryptionError):
            publishing(render=draw_page)
    assert not [path for path in encrypted.releases.iterdir() if path.is_dir()]
