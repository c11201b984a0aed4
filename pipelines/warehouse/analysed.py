"""What the tables that Python writes were made from: one row per table and what it was read from.

What belongs here: the table `build_state.analysed`, the connection of an asset that writes
`analysis.*`, and which of these tables no longer stand as they would be made. What does not: what
dbt built (`built`, `incremental`), and what a room does with its tables.

dbt knows these tables as sources only. Whoever builds marts anew and publishes without the Python
rooms would otherwise publish segments of yesterday beside payments of today.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.settings import PROJECT_ROOT, Workspace
from pipelines.warehouse import built
from pipelines.warehouse.connect import connect
from pipelines.warehouse.fingerprints import digest, digest_of_file, rows_digest

if TYPE_CHECKING:
    import dagster as dg
    import duckdb

_TABLE = "build_state.analysed"
SCHEMA = "analysis"
# Beside tables, what a room makes of them follows from its code and the merchant's settings, and
# from what it learned once.
_RULES = "rules"
_LEARNED = "learned"


class NotBuiltError(RuntimeError):
    """What a table of `analysis` is read from is not there; the message says what to select."""


@contextmanager
def analysing(
    workspace: Workspace,
    specs: Iterable[dg.AssetSpec],
    room: str,
    learned: Collection[str] = (),
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, for an asset that writes tables of `analysis` and has read its upstreams.

    What the tables were made from is forgotten first and kept once the block ended well, so that a
    killed step is not taken for a whole one.

    Args:
        workspace: whose warehouse is read and written.
        specs: of the tables written, each with the tables it reads as its dependencies.
        room: folder below `pipelines` whose code, with that of the warehouse, makes them.
        learned: kinds of stored models by which they are made.

    Raises:
        NotBuiltError: a table that is read is not there, as after an erasure.
    """
    reads = reads_of(specs)
    with connect(workspace) as connection:
        _refuse_missing(connection, reads)
        _forget(connection, reads)
        yield connection
        remember(connection, workspace, reads, room, learned)


def _refuse_missing(
    connection: duckdb.DuckDBPyConnection, reads: Mapping[str, Collection[str]]
) -> None:
    there = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
    ).fetchall()
    wanted = {parent for parents in reads.values() for parent in parents}
    missing = sorted(wanted - {name for (name,) in there})
    if missing:
        raise NotBuiltError(
            f"Nothing was made: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not"
            f' there yet. Select +key:"{SCHEMA}/{min(reads)}", or run the job "everything".'
        )


def reads_of(specs: Iterable[dg.AssetSpec]) -> dict[str, list[str]]:
    """`schema.table` of what each table of `analysis` is read from, by the table's name."""
    return {
        spec.key.path[-1]: [".".join(dep.asset_key.path) for dep in spec.deps] for spec in specs
    }


def remember(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    reads: Mapping[str, Collection[str]],
    room: str,
    learned: Collection[str] = (),
) -> None:
    """Keep what tables were made from, as it stands now.

    Args:
        connection: to the warehouse.
        workspace: for the settings.
        reads: `schema.table` of what each table of `analysis` was read from, by the table's name.
        room: folder below `pipelines` whose code made them.
        learned: kinds of stored models by which they were made.
    """
    _forget(connection, reads)
    now = _states(connection, {parent for parents in reads.values() for parent in parents})
    rows = [(table, parent, now[parent]) for table in reads for parent in reads[table]]
    more = {f"{_RULES}:{room}": _rules(workspace, room)}
    more |= {f"{_LEARNED}:{kind}": _learned(workspace, kind) for kind in learned}
    rows += [(table, parent, state) for table in reads for parent, state in more.items()]
    tables, parents, states = zip(*rows, strict=True)
    connection.execute(
        f"insert into {_TABLE} select unnest(?::varchar[]), unnest(?::varchar[]),"
        " unnest(?::varchar[])",
        [list(tables), list(parents), list(states)],
    )


def _forget(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    _make(connection)
    connection.execute(
        f"delete from {_TABLE} where table_name in (select unnest(?::varchar[]))", [list(tables)]
    )


def not_as_made(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, tables: Collection[str]
) -> list[str]:
    """Which of these tables of `analysis` would be made from something else now.

    One whose marts were built anew to other rows, whose room's code, settings or stored models
    changed, that was made from a mart nobody knew to be right, that is not there, or of which
    nothing is known.

    Returns:
        `analysis.table`, sorted.
    """
    _make(connection)
    rows = connection.execute(f"select table_name, parent, state from {_TABLE}").fetchall()
    parents = {parent for _, parent, _ in rows}
    states = {_RULES: _rules, _LEARNED: _learned}
    now = _states(connection, {parent for parent in parents if ":" not in parent})
    for parent in parents - now.keys():
        of_what, _, name = parent.partition(":")
        now[parent] = states[of_what](workspace, name)
    there = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ?", [SCHEMA]
    ).fetchall()
    known = {table for table, _, _ in rows} & {table for (table,) in there}
    moved = {table for table, parent, state in rows if state is None or state != now[parent]}
    return sorted(f"{SCHEMA}.{table}" for table in tables if table not in known or table in moved)


def _states(
    connection: duckdb.DuckDBPyConnection, relations: Iterable[str]
) -> dict[str, str | None]:
    """What stands under a name now: dbt's fingerprint, or of tables that Python writes the rows.

    None for a mart that is not there, or of which nobody knows what it was built from.
    """
    models = {
        node.rpartition(".")[2]: known.fingerprint
        for node, known in built.standing(connection, {}).items()
        if node.startswith("model.")
    }
    found: dict[str, str | None] = {}
    for relation in relations:
        schema, _, table = relation.partition(".")
        if schema == SCHEMA:
            found[relation] = rows_digest(connection, schema, table)
        else:
            found[relation] = models.get(table)
    return found


def _rules(workspace: Workspace, room: str) -> str:
    """Digest of the code that makes a room's tables, and of the settings."""
    code = PROJECT_ROOT / "pipelines"
    # Intervals, stored models and threads are the warehouse's.
    files = [path for name in (room, "warehouse") for path in (code / name).rglob("*")]
    found = [
        [path.relative_to(code).as_posix(), digest_of_file(path)]
        for path in sorted(files)
        if path.suffix in {".py", ".csv"}
    ]
    return digest([found, workspace.settings.of_figures()])


def _learned(workspace: Workspace, kind: str) -> str:
    """Digest of the stored versions of one kind of models."""
    files = sorted(workspace.models.glob(f"{kind}-v*.json"))
    return digest([[path.name, digest_of_file(path)] for path in files])


def _make(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists build_state")
    connection.execute(
        f"create table if not exists {_TABLE} (table_name varchar, parent varchar, state varchar)"
    )
