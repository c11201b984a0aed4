"""The file against its declaration: nothing undeclared, nothing missing, nothing not allowed.

What belongs here: comparing tables, columns and types with the catalogue, and the declared classes
with what an audience may see. What does not: looking at values.
"""

from __future__ import annotations

from functools import cache

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.detectors import scratch
from pipelines.privacy.policy import CLASSES, ROLES, SUBJECTS, Policy
from pipelines.privacy.report import Finding


def present_columns(
    con: duckdb.DuckDBPyConnection, database: str
) -> dict[tuple[str, str], dict[str, str]]:
    """(schema, relation) -> column -> DuckDB type, for tables and views of a database."""
    rows = con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where database_name = $1 and not internal order by table_name, column_index",
        [database],
    ).fetchall()
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in rows:
        found.setdefault((schema, table), {})[column] = data_type
    return found


def undeclared(
    present: dict[tuple[str, str], dict[str, str]], catalogue: Catalogue
) -> list[Finding]:
    """Differences between the file and the catalogue, both ways, types included."""
    findings = []
    declared = {table.name: table for table in catalogue.tables}
    seen = {name: columns for (schema, name), columns in present.items() if schema == "main"}
    for schema, name in present:
        if schema != "main" or name not in declared:
            findings.append(Finding(f"{schema}.{name}", "undeclared table"))
    for table in declared.values():
        columns = seen.get(table.name)
        if columns is None:
            findings.append(Finding(table.name, "declared table is missing"))
        else:
            findings.extend(_column_differences(table, columns))
    return findings


def _column_differences(table: Table, columns: dict[str, str]) -> list[Finding]:
    findings = [
        Finding(f"{table.name}.{name}", "undeclared column")
        for name in columns
        if table.column(name) is None
    ]
    for column in table.columns:
        place, found = f"{table.name}.{column.name}", columns.get(column.name)
        if found is None:
            findings.append(Finding(place, "declared column is missing"))
        elif not column.data_type:
            findings.append(Finding(place, "no data type declared"))
        elif canonical_type(column.data_type) != found:
            message = f"declared {column.data_type}, found {found}"
            findings.append(Finding(place, "other type than declared", message=message))
    return findings


@cache
def canonical_type(data_type: str) -> str:
    """DuckDB's own spelling of a type: `decimal(18, 4)` and `numeric(18,4)` are one.

    Returns:
        The canonical name, or the given text when DuckDB does not know such a type.
    """
    try:
        row = scratch().execute(f"select typeof(cast(null as {data_type}))").fetchall()[0]
    except duckdb.Error:
        return data_type
    return str(row[0])


def not_allowed(catalogue: Catalogue, audience: str, policy: Policy) -> list[Finding]:
    """Columns without a complete declaration, or of a class that this audience may not see."""
    findings = []
    for table in catalogue.tables:
        if not table.columns:
            findings.append(Finding(table.name, "table without declared columns"))
        for column in table.columns:
            problem = _problem(table, column, audience, policy)
            if problem:
                findings.append(Finding(f"{table.name}.{column.name}", problem))
    return findings


def _problem(table: Table, column: Column, audience: str, policy: Policy) -> str:
    missing = _missing(column)
    if missing:
        return f"privacy meta without {', '.join(missing)}"
    if audience not in column.audiences:
        return f"declared for {', '.join(column.audiences)}, not for {audience}"
    allowed = policy.allowed_classes.get(audience, frozenset())
    excepted = (audience, table.name, column.name) in policy.pseudonym_columns
    if column.privacy_class in allowed or (excepted and column.privacy_class == "pseudonym"):
        return ""
    return f"class {column.privacy_class} is not for {audience}"


def _missing(column: Column) -> list[str]:
    """Parts of `meta.privacy` that are absent or outside the vocabulary."""
    days = column.retention_days
    complete = {
        "class": column.privacy_class in CLASSES,
        "role": column.role in ROLES,
        "subject": column.subject in SUBJECTS,
        "audience": bool(column.audiences),
        "purpose": bool(column.purpose),
        "retention_days": isinstance(days, int) and not isinstance(days, bool) and days > 0,
    }
    return [part for part, there in complete.items() if not there]
