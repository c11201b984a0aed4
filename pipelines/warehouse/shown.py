"""What the Dagster UI shows of a table in the warehouse: rows, columns, gaps, rows a day.

What belongs here: describing tables by counts. What does not: values of rows, in any form: metadata
is kept in Dagster's event log, which is no place for them, and it is written before any audit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import dagster as dg
import duckdb

from pipelines.pictures import daily_bars
from pipelines.warehouse import dbt_project

# The calendar day of a row, by the one name it has in all facts.
_DAY = "business_date"
COLUMNS = "dagster/column_schema"
# Tables that Python writes: their columns are described where they are published.
_ANALYSIS = "analysis."
_PUBLISHED_AS = {
    "suspicious_payments": "fct_suspicious_payments",
    **dict.fromkeys(("user_segments", "user_scores", "user_features"), "user_profiles"),
}


def of_table(
    con: duckdb.DuckDBPyConnection, table: str, columns: dg.TableSchema | None = None
) -> dict[str, Any]:
    """Metadata of a table: rows, columns with their types, share filled, rows by business date.

    Args:
        con: connection to the warehouse.
        table: `schema.table`, of a table or view that exists.
        columns: what `columns_of` said of it, when it was asked for many: each time it reads the
            columns of all tables.
    """
    columns = columns or columns_of(con, [table])[table]
    counts = ", ".join(f'count("{column.name}")' for column in columns.columns)
    rows, *filled = con.execute(f"select count(*), {counts} from {table}").fetchall()[0]
    shown = {
        "dagster/row_count": rows,
        COLUMNS: columns,
        "filled": dg.MetadataValue.md(_filled(columns, filled, rows)),
    }
    if rows and _DAY in {column.name for column in columns.columns}:
        days = con.execute(
            f"select {_DAY}, count(*) from {table} where {_DAY} is not null group by 1"
        ).fetchall()
        shown["rows_by_day"] = dg.MetadataValue.md(daily_bars(days, "rows"))
    return shown


def columns_of(con: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, dg.TableSchema]:
    """Columns with types of tables and views, by `schema.table`; of the analysis also words."""
    rows = con.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " where schema_name || '.' || table_name in (select unnest(?::varchar[]))"
        " order by column_index",
        [list(tables)],
    ).fetchall()
    found: dict[str, list[dg.TableColumn]] = {}
    for table, column, kind in rows:
        words = _words(table).get(column) if table.startswith(_ANALYSIS) else None
        found.setdefault(table, []).append(dg.TableColumn(column, kind.lower(), words))
    return {table: dg.TableSchema(columns=columns) for table, columns in found.items()}


@lru_cache
def _words(table: str) -> dict[str, str]:
    """Column -> description, from the published models with the rows of an analysis table."""
    found: dict[str, str] = {}
    name = table.removeprefix(_ANALYSIS)
    published = _PUBLISHED_AS.get(name, name)
    for node in _manifest()["nodes"].values():
        if node.get("alias") == published and "published" in node["fqn"]:
            for name, column in node["columns"].items():
                if column["description"]:
                    found.setdefault(name, column["description"])
    return found


@lru_cache(maxsize=1)
def _manifest() -> dict[str, Any]:
    return json.loads(dbt_project.manifest_path().read_bytes())


def _filled(columns: dg.TableSchema, filled: Iterable[int], rows: int) -> str:
    """Columns that are not always filled, the emptiest first: one that went empty stands on top."""
    if not rows:
        return "The table is empty."
    gaps = [
        (count / rows, column.name)
        for column, count in zip(columns.columns, filled, strict=True)
        if count < rows
    ]
    lines = [f"| {name} | {share:.1%} |" for share, name in sorted(gaps)]
    always = len(columns.columns) - len(gaps)
    words = f"{always} of {len(columns.columns)} columns are always filled"
    if not lines:
        return f"{words}."
    return "\n".join([f"{words}; of the others:\n", "| column | filled |", "|---|---:|", *lines])
