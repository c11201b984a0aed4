"""Whether two database files hold the same, whatever their bytes.

What belongs here: one digest per table over its columns and rows. What does not: trust. DuckDB's
`hash` is fast, not cryptographic; what a reader may rely on is the SHA-256 of the file.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import duckdb

from pipelines.privacy.artefact import open_locked
from pipelines.privacy.text import quoted


def logical_digest(path: Path) -> dict[str, str]:
    """One digest per table of a DuckDB file.

    Two builds of the same content give the same digests though their files differ in bytes. The
    order of rows does not matter, repeated rows do. Floats count to nine digits: parallel sums
    differ in the last ones from run to run.

    Args:
        path: a DuckDB file nobody writes to.

    Returns:
        Table name -> `rows:digest`, sorted by name.
    """
    with closing(open_locked(path)) as con:
        tables = con.execute(
            "select table_name, list((column_name, data_type) order by column_index)"
            " from duckdb_columns() where not internal and database_name = current_database()"
            " and schema_name = 'main' group by table_name order by table_name"
        ).fetchall()
        return {table: _digest(con, table, columns) for table, columns in tables}


def _digest(con: duckdb.DuckDBPyConnection, table: str, columns: list[tuple[str, str]]) -> str:
    values = ", ".join(_value(name, data_type) for name, data_type in columns)
    # Two sums over differently salted row hashes: sums, unlike xor, do not cancel repeated rows.
    rows, first, second = con.execute(
        f"select count(*), sum(hash(1, {values})::hugeint), sum(hash(2, {values})::hugeint)"
        f" from {quoted(table)}"
    ).fetchall()[0]
    content = f"{columns}|{rows}|{first}|{second}"
    return f"{rows}:{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _value(name: str, data_type: str) -> str:
    if data_type in ("DOUBLE", "FLOAT"):
        return f"format('{{:.8e}}', {quoted(name)}::double)"
    return quoted(name)
