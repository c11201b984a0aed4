"""What the relations of the warehouse were built from: one row per dbt node that went well.

What belongs here: the table `build_state.nodes`. What does not: what a fingerprint is
(`fingerprints`), deciding what to build.

The table lies in the warehouse itself, so that it is copied, erased and restored with it. What is
to be built is forgotten first and remembered after it went well: whenever a run is killed, a row
says the truth about its relation or is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

_TABLE = "build_state.nodes"


@dataclass(frozen=True)
class Built:
    """A node as it stands in the warehouse: a relation, or a test that passed.

    Attributes:
        fingerprint: of all it was made from.
        definition: of its own SQL and configuration alone.
        built_at: when, in UTC.
        run_id: Dagster's run; empty outside of one.
    """

    fingerprint: str
    definition: str
    built_at: datetime
    run_id: str


def standing(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str]
) -> dict[str, Built]:
    """What is known of the nodes, by dbt's id.

    Args:
        connection: to the warehouse.
        relations: `schema.table` of each model and seed by dbt's id; one that was dropped by hand
            is not standing, whatever the table says.
    """
    _make(connection)
    there = {
        name
        for (name,) in connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() union all"
            " select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
    }
    rows = connection.execute(
        f"select unique_id, fingerprint, definition, built_at, run_id from {_TABLE}"
    ).fetchall()
    return {
        node: Built(*known)
        for node, *known in rows
        if node not in relations or relations[node] in there
    }


def forget(connection: duckdb.DuckDBPyConnection, nodes: Iterable[str] | None = None) -> None:
    """Forget nodes before they are built again; all of them when none are named."""
    _make(connection)
    if nodes is None:
        connection.execute(f"delete from {_TABLE}")
        return
    connection.execute(
        f"delete from {_TABLE} where unique_id in (select unnest(?::varchar[]))", [list(nodes)]
    )


def remember(connection: duckdb.DuckDBPyConnection, nodes: Mapping[str, Built]) -> None:
    """Write down what was built, all of it or nothing."""
    if not nodes:
        return
    connection.execute(
        f"insert into {_TABLE} select unnest(?::varchar[]), unnest(?::varchar[]),"
        " unnest(?::varchar[]), unnest(?::timestamp[]), unnest(?::varchar[])",
        [
            list(nodes),
            [node.fingerprint for node in nodes.values()],
            [node.definition for node in nodes.values()],
            [node.built_at for node in nodes.values()],
            [node.run_id for node in nodes.values()],
        ],
    )


def _make(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists build_state")
    connection.execute(
        f"create table if not exists {_TABLE} (unique_id varchar,"
        " fingerprint varchar, definition varchar, built_at timestamp, run_id varchar)"
    )
