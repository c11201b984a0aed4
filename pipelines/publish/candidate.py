"""One fresh DuckDB file per audience, from the declared published models and nothing else.

What belongs here: copying declared columns of declared relations into a new file. What does not:
auditing it or making it current. The file is always built anew: a DuckDB file keeps what was once
in it, even after it was dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.text import literal, quoted

# Clients of DuckDB 1.4 and 1.5 cannot open what 2.0 writes unless told to write the older format.
STORAGE_VERSION = "v1.2.0"


class CandidateError(Exception):
    """The warehouse does not hold what the models declare; the message names the relation."""


def build_candidate(
    warehouse: Path,
    catalogue: Catalogue,
    target: Path,
    settings: Mapping[str, str] | None = None,
) -> Path:
    """Write the declared tables of one audience into a new file.

    All tables are in schema `main` under their alias, rows in the order of their times and keys, so
    that the same warehouse gives the same rows in the same order. Descriptions become comments.

    Args:
        warehouse: the private DuckDB file; opened read-only.
        catalogue: declarations of one audience.
        target: the file to write; must not exist.
        settings: DuckDB settings such as `memory_limit` and `threads`.

    Returns:
        `target`, closed, checkpointed, without a write-ahead log, readable by its owner only.

    Raises:
        CandidateError: no warehouse, no declared table, or a declared relation is not there.
        FileExistsError: `target` exists.
    """
    if not warehouse.is_file():
        raise CandidateError(f"There is no warehouse at {warehouse} yet. Build the models first.")
    if not catalogue.tables:
        raise CandidateError("No table is declared for this audience: nothing to publish.")
    if target.exists():
        raise FileExistsError(f"{target} exists: a candidate is always a new file")
    with duckdb.connect(config=dict(settings or {})) as con:
        # Views in the warehouse name their database, which dbt calls after the file.
        con.execute(f"attach {literal(str(warehouse))} as {quoted(warehouse.stem)} (read_only)")
        con.execute(
            f"attach {literal(str(target))} as candidate (storage_version '{STORAGE_VERSION}')"
        )
        for table in catalogue.tables:
            _copy(con, warehouse.stem, table)
        con.execute("checkpoint candidate")
        con.execute("detach candidate")
    if target.with_name(target.name + ".wal").exists():
        raise CandidateError(f"{target.name} was not written completely: a log is left beside it.")
    target.chmod(0o400)
    return target


def _copy(con: duckdb.DuckDBPyConnection, database: str, table: Table) -> None:
    source = f"{quoted(database)}.{quoted(table.audience)}.{quoted(table.name)}"
    target = f"candidate.main.{quoted(table.name)}"
    columns = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in table.columns)
    names = ", ".join(quoted(column.name) for column in table.columns)
    try:
        con.execute(f"create table {target} ({columns})")
        con.execute(
            f"insert into {target} select {names} from {source} order by {_order(table.columns)}"
        )
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException) as error:
        raise CandidateError(
            f"{table.audience}.{table.name} cannot be copied as declared: {error}"
        ) from error
    if table.description:
        con.execute(f"comment on table {target} is {literal(table.description)}")
    for column in table.columns:
        if column.description:
            name = f"{target}.{quoted(column.name)}"
            con.execute(f"comment on column {name} is {literal(column.description)}")


def _order(columns: tuple[Column, ...]) -> str:
    """Times first, so that a query for a month reads few blocks; keys make the order total."""
    times = [quoted(column.name) for column in columns if column.role == "time"]
    keys = [quoted(column.name) for column in columns if column.role in ("key", "lineage")]
    return ", ".join([*times, *keys]) if keys else "all"
