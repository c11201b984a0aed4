"""Opening the private warehouse, reading frames from it and writing analysis tables to it.

What belongs here: connections with the merchant's limits, and moving whole tables between DuckDB
and polars. What does not: SQL that says something about payments (that is dbt's, or the room's that
asks) and the published releases (they have files of their own).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from pipelines.interrupts import interruptible
from pipelines.settings import Workspace
from pipelines.warehouse.encryption import (
    attach_encrypted,
    explained,
    instance_name,
    load_warehouse_key,
)

if TYPE_CHECKING:
    import polars as pl

_TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")


@contextmanager
def connect(workspace: Workspace, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse of a workspace, and close it at the end of the block.

    One process may hold several connections only if all are alike, so inside the pipeline everyone
    opens read-write; `read_only` is for looking from outside.

    Args:
        workspace: whose warehouse; its folder is made when missing.
        read_only: open without the right to write; the file must exist.

    Raises:
        FileNotFoundError: read-only, and nothing was built yet.
        duckdb.IOException: another process has the warehouse open.
        EncryptionError: it is to be encrypted and cannot be, or is not as the settings ask.
    """
    if read_only and not workspace.warehouse.is_file():
        raise FileNotFoundError(
            f"There is no warehouse at {workspace.warehouse} yet. Build it first: wallet run"
        )
    workspace.warehouse.parent.mkdir(parents=True, exist_ok=True)
    connection = _opened(workspace, read_only)
    try:
        with interruptible():
            yield connection
    finally:
        connection.close()


@contextmanager
def all_or_nothing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction: an error inside the block leaves everything as it was before, and goes on."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except Exception:
        connection.execute("rollback")
        raise


def _opened(workspace: Workspace, read_only: bool) -> duckdb.DuckDBPyConnection:
    path, config = workspace.warehouse, duckdb_settings(workspace)
    key = load_warehouse_key(workspace.settings)
    if key is None:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.CatalogException as error:
            raise explained(error, path) from None
    connection = duckdb.connect(instance_name(path), config=config)
    try:
        attach_encrypted(connection, path, key, read_only=read_only)
        connection.execute(f'use "{path.stem}"')
    except BaseException:
        connection.close()
        raise
    return connection


def duckdb_settings(workspace: Workspace) -> dict[str, str]:
    """DuckDB settings of a workspace: memory, threads, where to spill."""
    return {
        "memory_limit": workspace.settings.memory_limit,
        "threads": str(workspace.settings.threads),
        "temp_directory": str(workspace.warehouse.with_suffix(".tmp")),
    }


def read_frame(connection: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    """Run a query and return its result.

    UUID keys arrive as text, DECIMAL as `pl.Decimal`, TIMESTAMP as naive datetimes in UTC.
    """
    return connection.sql(sql).pl()


def write_table(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> int:
    """Replace a table by a frame, all or nothing; the schema is made when missing.

    Text columns whose name ends in `_key` are stored as UUID, as everywhere in the warehouse.

    Args:
        connection: a read-write connection with no transaction open.
        table: `schema.table` in lower case.
        frame: the new content; its columns become the table's.

    Returns:
        Number of rows written.

    Raises:
        ValueError: the name is not `schema.table`.
    """
    if not _TABLE_NAME.fullmatch(table):
        raise ValueError(f"expected schema.table in lower case, got {table!r}")
    columns = ", ".join(
        f'cast("{name}" as uuid) as "{name}"' if is_key else f'"{name}"'
        for name, is_key in _key_columns(frame).items()
    )
    connection.register("_frame_to_write", frame.to_arrow())
    try:
        with all_or_nothing(connection):
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(
                f"create or replace table {table} as select {columns} from _frame_to_write"
            )
    finally:
        connection.unregister("_frame_to_write")
    return frame.height


def _key_columns(frame: pl.DataFrame) -> dict[str, bool]:
    import polars as pl

    return {
        name: name.endswith("_key") and dtype in (pl.String, pl.Null)
        for name, dtype in frame.schema.items()
    }
