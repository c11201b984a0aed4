"""Collecting what the audit looks at besides a file: the `House` of a workspace.

What belongs here: where lineage, leak index, erased people, logs, earlier releases and waivers are
found. What does not: judging by any of them (the privacy room does).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipelines.formats.catalogue import all_formats
from pipelines.ingest.erased import read_erased
from pipelines.ingest.key_ring import load_ring
from pipelines.ingest.lake import leaks_folder
from pipelines.ingest.leak_index import LeakIndex
from pipelines.ingest.pseudonyms import KeyRefusedError
from pipelines.privacy.catalogue import Table
from pipelines.privacy.house import Earlier, House, KnownIds
from pipelines.privacy.lineage import Held, Lineage, Model, Origin, Relation, trace
from pipelines.privacy.register import read_register
from pipelines.privacy.waivers import read_waivers
from pipelines.settings import Workspace
from pipelines.warehouse.connect import connect
from pipelines.warehouse.dbt_run import compiled_folder
from pipelines.warehouse.encryption import load_warehouse_key

REGISTER, WAIVERS = "register.toml", "waivers.toml"


def house_of(workspace: Workspace, manifest: Path, code_digest: str) -> House:
    """Everything around the next release of a workspace.

    Args:
        workspace: whose lake, warehouse and releases are looked at.
        manifest: dbt manifest; its models' SQL is beside the warehouse, as dbt compiled it.
        code_digest: code that makes the release; earlier releases by other code are left out.

    Raises:
        pipelines.privacy.waivers.WaiverError, pipelines.privacy.register.RegisterError: a file of
            the merchant cannot be read.
    """
    ids, secrets = _ids(workspace)
    folder = workspace.root / "privacy"
    return House(
        today=datetime.now(UTC).date(),
        lineage=_lineage(workspace, manifest),
        purposes=read_register(folder / REGISTER),
        ids=ids,
        erased=read_erased(workspace),
        secrets=(*secrets, *_warehouse_key(workspace)),
        logs=tuple(_logs(workspace)),
        earlier=tuple(_earlier(workspace, code_digest)),
        waivers=read_waivers(folder / WAIVERS),
    )


def house_of_list(workspace: Workspace, table: Table, origin: Origin) -> House:
    """Surroundings of a list made from one published column of pseudonyms.

    Args:
        workspace: whose release the list is made from.
        table: declaration of the list; all its columns come from `origin`.
        origin: schema, table and column of the analysts' file.
    """
    ids, secrets = _ids(workspace)
    held = {column.name: Held(frozenset({origin})) for column in table.columns}
    folder = workspace.root / "privacy"
    return House(
        today=datetime.now(UTC).date(),
        lineage=Lineage({(table.audience, table.name): held}, {}, frozenset({origin})),
        purposes=read_register(folder / REGISTER),
        ids=ids,
        erased=read_erased(workspace),
        secrets=(*secrets, *_warehouse_key(workspace)),
        waivers=read_waivers(folder / WAIVERS),
    )


class _UnknownIds:
    """Stands for an index that cannot be asked; every question fails with the reason."""

    fingerprint = ""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def size(self) -> int:
        raise RuntimeError(self.reason)

    def known(self, texts: list[str]) -> list[str]:
        raise RuntimeError(self.reason)


def _ids(workspace: Workspace) -> tuple[KnownIds | None, tuple[bytes, ...]]:
    """The leak index and the key, once anything was ingested; before that there is no raw id."""
    if not any(workspace.ledger.glob("*.json")):
        return None, ()
    try:
        ring = load_ring(workspace, create=False)
    except KeyRefusedError as refused:
        return _UnknownIds(str(refused)), ()
    folder = leaks_folder(workspace)
    if not folder.is_dir():
        return _UnknownIds(f"there is no leak index in {folder}: run ingest again"), ()
    files = tuple(sorted(folder.glob("*.parquet")))
    return LeakIndex(ring.keys, files), tuple(bytes.fromhex(key.text) for key in ring.keys)


def _warehouse_key(workspace: Workspace) -> tuple[bytes, ...]:
    key = load_warehouse_key(workspace.settings)
    return (bytes.fromhex(key),) if key else ()


def _lineage(workspace: Workspace, manifest: Path) -> Lineage:
    document = json.loads(manifest.read_bytes())
    folder = compiled_folder(workspace)
    models = [
        Model(node["schema"], node.get("alias") or node["name"], _sql(node, folder))
        for node in document["nodes"].values()
        if node.get("resource_type") == "model"
    ]
    relations = _relations(workspace)
    built = {(model.schema, model.name) for model in models}
    return trace(models, relations, _pseudonyms(relations, built), _amounts())


def _sql(node: dict, folder: Path) -> str:
    path = folder / node.get("package_name", "") / node.get("original_file_path", "")
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return node.get("compiled_code") or ""


def _relations(workspace: Workspace) -> dict[Relation, list[str]]:
    if not workspace.warehouse.is_file():
        return {}
    found: dict[Relation, list[str]] = {}
    with connect(workspace, read_only=True) as con:
        rows = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where not internal order by column_index"
        ).fetchall()
    for schema, table, column in rows:
        found.setdefault((schema, table), []).append(column)
    return found


def _pseudonyms(relations: dict[Relation, list[str]], built: set[Relation]) -> frozenset[Origin]:
    """Keys that ingest made, and keys in what Python jobs write back."""
    made = {("lake", spec.source, key.name) for spec in all_formats() for key in spec.keys}
    written = {
        (*relation, column)
        for relation, columns in relations.items()
        if relation not in built and relation[0] != "lake"
        for column in columns
        if column.endswith("_key")
    }
    return frozenset(made | written)


def _amounts() -> dict[Origin, str]:
    return {
        ("lake", spec.source, column.name): "sensitive"
        for spec in all_formats()
        for column in spec.columns
        if column.keep and column.kind == "amount"
    }


def _logs(workspace: Workspace) -> Iterator[Path]:
    """Compiled SQL, the build log, and the events of the newest Dagster run."""
    yield from sorted(path for path in compiled_folder(workspace).rglob("*.sql") if path.is_file())
    log = workspace.warehouse.parent / "dbt" / "last_build.log"
    if log.is_file():
        yield log
    yield from run_events(workspace)[-1:]


def run_events(workspace: Workspace) -> list[Path]:
    """Dagster's event storage, one file per run, oldest first."""
    folder = workspace.settings.dagster_home / "history" / "runs"
    runs = [path for path in folder.glob("*.db") if path.name != "index.db"]
    return sorted(runs, key=lambda path: path.stat().st_mtime)


def _earlier(workspace: Workspace, code_digest: str) -> Iterator[Earlier]:
    """Releases on disk that the same code made, newest first."""
    if not workspace.releases.is_dir():
        return
    for folder in sorted(workspace.releases.iterdir(), reverse=True):
        audit = folder / "audit.json"
        if folder.is_symlink() or folder.name.startswith(".") or not audit.is_file():
            continue
        if json.loads(audit.read_bytes()).get("code_digest") != code_digest:
            continue
        files = [folder / f"{name}-{folder.name}.duckdb" for name in ("wallet", "marketing")]
        if all(path.is_file() for path in files):
            yield Earlier(folder.name, *files)
