"""What each table of the warehouse is made from, as one fingerprint, so that it is built only when
that changed.

What belongs here: fingerprints of dbt's nodes and of what they read, and which nodes a build can
leave as they are. What does not: running dbt (`dbt_run`), keeping fingerprints (`built`).

The fingerprint of a node is a digest of its own definition (SQL, configuration, columns of its
contract, a seed's file), of all macros, the settings that SQL reads and the versions of the
engines, and of the fingerprints of its parents; at the ends stand the bytes of the lake's Parquet
files and the rows of the tables that Python jobs write. No model asks for the time or a random
number (tested), so a table of the same fingerprint has the same rows, however many runs ago it was
built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.warehouse.built import Built

if TYPE_CHECKING:
    import duckdb

# Everything between a model's text and the rows it makes.
_ENGINES = ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb")
# What these say of a node changes no row: who owns it, what it means, what may be published of it.
_WORDS = ("meta", "tags", "docs", "group", "access")


@dataclass(frozen=True)
class Plan:
    """What a build has to do.

    Attributes:
        build: ids of the nodes to build or to test.
        keep: what stands as it would be built again, by id.
        fingerprints: of every node chosen, by id; what to keep beside each after it went well.
            Without one (None) a node reads what nobody knows the origin of.
        definitions: digests of the nodes' own definitions, by id.
    """

    build: frozenset[str]
    keep: Mapping[str, Built]
    fingerprints: Mapping[str, str | None]
    definitions: Mapping[str, str]

    def without(self, nodes: Collection[str]) -> Plan:
        """The plan that leaves these nodes alone: it neither builds nor tells of them."""
        kept = {node: stands for node, stands in self.keep.items() if node not in nodes}
        return replace(self, build=self.build.difference(nodes), keep=kept)


@dataclass
class Fingerprints:
    """Fingerprints of one project over one lake and warehouse.

    Attributes:
        manifest: dbt's `manifest.json`.
        project: folder of the dbt project, for the files of seeds.
        lake: folder of the lake; where it lies makes no difference.
        settings: what SQL takes from the environment.
        chosen: ids of the nodes that this build is about; the others stay as they stand.
        stored: what is known of the relations that stand in the warehouse, by id.
        connection: to the warehouse, for the rows of tables that Python jobs write.
    """

    manifest: Mapping[str, Any]
    project: Path
    lake: Path
    settings: Mapping[str, str]
    chosen: Collection[str]
    stored: Mapping[str, Built]
    connection: duckdb.DuckDBPyConnection
    _known: dict[str, str | None] = field(default_factory=dict)
    _common: str = ""

    def plan(self, refreshed: Collection[str] = ()) -> Plan:
        """Which of the chosen nodes are to be built, and with which fingerprints.

        Args:
            refreshed: those to build whatever is known.
        """
        found = {node: self.of(node) for node in self.chosen}
        keep = {
            node: self.stored[node]
            for node, print_ in found.items()
            if print_ is not None and node in self.stored
            if self.stored[node].fingerprint == print_ and node not in refreshed
        }
        definitions = {node: self.definition(node) for node in found}
        return Plan(frozenset(found.keys() - keep.keys()), keep, found, definitions)

    def of(self, unique_id: str) -> str | None:
        """Fingerprint of a node or source as this build will leave it; None when nobody knows."""
        if unique_id not in self._known:
            if unique_id in self.manifest["sources"]:
                self._known[unique_id] = self._of_source(self.manifest["sources"][unique_id])
            else:
                self._known[unique_id] = self._of_node(unique_id)
        return self._known[unique_id]

    def _of_node(self, unique_id: str) -> str | None:
        """Of the rows one gets from a node: those of a table were fixed when it was built.

        A view beside the chosen nodes shows its parents' rows of today by its definition of then.
        """
        node = self.manifest["nodes"][unique_id]
        if unique_id not in self.chosen:
            stands = self.stored.get(unique_id)
            if stands is None or node["config"]["materialized"] != "view":
                return stands.fingerprint if stands else None
            if stands.definition != self.definition(unique_id):
                return None
        parents = [self.of(parent) for parent in sorted(node["depends_on"].get("nodes", []))]
        if None in parents:
            return None
        return digest([self.definition(unique_id), *parents])

    def definition(self, unique_id: str) -> str:
        """Digest of what a node is by itself, with all that is common to all nodes."""
        node = self.manifest["nodes"][unique_id]
        file = self.project / node["original_file_path"]
        return digest(
            [
                self._everywhere(),
                node["schema"],
                node["alias"],
                node["raw_code"],
                {name: said for name, said in node["config"].items() if name not in _WORDS},
                [[column["name"], column["data_type"]] for column in node["columns"].values()],
                (node.get("test_metadata") or {}).get("kwargs"),
                digest_of_file(file) if node["resource_type"] == "seed" else None,
            ]
        )

    def _everywhere(self) -> str:
        if not self._common:
            macros = {
                name: macro["macro_sql"]
                for name, macro in self.manifest["macros"].items()
                if macro["package_name"] == self.manifest["metadata"]["project_name"]
            }
            engines = {name: version(name) for name in _ENGINES}
            self._common = digest([macros, engines, dict(self.settings)])
        return self._common

    def _of_source(self, source: Mapping[str, Any]) -> str | None:
        if source["source_name"] == "lake":
            return self._of_lake(source["name"])
        return rows_digest(self.connection, source["schema"], source["identifier"])

    def _of_lake(self, name: str) -> str | None:
        """Digest of a source's files; what ingest says of itself lies in folders named `_…`."""
        folders = (self.lake / name, self.lake / f"_{name}")
        files = sorted(path for folder in folders for path in folder.glob("*.parquet"))
        found = [[path.name, digest_of_file(path)] for path in files]
        return digest([name, found]) if found else None


def rows_digest(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> str | None:
    """Digest of a table's columns and rows in any order; None of one that is not there."""
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ?"
        " and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    if not columns:
        return None
    # Twice with another beginning: 128 bits, so that no two tables meet by chance.
    rows = connection.execute(
        "select count(*), sum(cast(hash(t) as hugeint)), sum(cast(hash('again', t) as hugeint))"
        f" from {schema}.{table} as t"
    ).fetchall()[0]
    return digest([columns, [str(value) for value in rows]])


def digest(content: object) -> str:
    """SHA-256 of what JSON can write."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file, read once per state of it."""
    stat = path.stat()
    return _digest_of_content(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=100_000)
def _digest_of_content(path: Path, _size: int, _changed: int, _inode: int) -> str:
    """SHA-256 of a file; once per state of the file, because a run asks for it in two steps."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
