"""The file against its declaration: nothing undeclared, nothing missing, nothing not allowed.

What belongs here: comparing tables, columns and types with the catalogue, and the declared classes
with what an audience may see. What does not: looking at values.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.detectors import scratch
from pipelines.privacy.lineage import Held, Lineage, Origin
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


_RANK = {"none": 0, "aggregate": 0, "quasi_identifier": 1, "sensitive": 2, "pseudonym": 3}


def declared_too_low(catalogue: Catalogue, audience: str, lineage: Lineage) -> list[Finding]:
    """Columns declared less private than what they are made of.

    Args:
        catalogue: declarations of all audiences: what one table calls sensitive is so everywhere.
        audience: the audience whose tables are judged.
        lineage: where columns come from. Summing, counting, comparing and cutting a value to a
            bucket are the approved ways of making it less private.

    Returns:
        Findings; a table whose SQL could not be followed is one.
    """
    classes = _classes_of_sources(catalogue, lineage)
    findings = []
    for table in catalogue.for_audience(audience).tables:
        relation = (table.audience, table.name)
        if relation in lineage.unread or relation not in lineage.columns:
            reason = lineage.unread.get(relation, "its compiled SQL is missing; build the models")
            findings.append(Finding(table.name, "origin of its columns unknown", message=reason))
            continue
        held = lineage.columns[relation]
        for column in table.columns:
            problem = _too_low(table, column, held.get(column.name), lineage, classes)
            if problem:
                findings.append(Finding(f"{table.name}.{column.name}", problem))
    return findings


def _classes_of_sources(catalogue: Catalogue, lineage: Lineage) -> dict[Origin, str]:
    """The most private class that a row-level column is declared as which shows a source column.

    Only under the source's own name: somebody's preferred wallet is private, a wallet is not.
    """
    found: dict[Origin, str] = dict(lineage.sources)
    for table in catalogue.tables:
        if not _is_row_level(table):
            continue
        held = lineage.columns.get((table.audience, table.name), {})
        for column in table.columns:
            for origin in held[column.name].plain if column.name in held else ():
                declared = column.privacy_class or "none"
                if origin[2] != column.name:
                    continue
                # A key made of an amount and an order says nothing about amounts.
                if (
                    declared != "pseudonym"
                    and _RANK.get(declared, 0) > _RANK[found.get(origin, "none")]
                ):
                    found[origin] = declared
    return found


def _is_row_level(table: Table) -> bool:
    return any(column.privacy_class == "pseudonym" for column in table.columns)


def _too_low(
    table: Table,
    column: Column,
    held: Held | None,
    lineage: Lineage,
    classes: dict[Origin, str],
) -> str:
    if held is None:
        return "origin unknown: the model's SQL does not make it"
    keys = held.plain & lineage.pseudonyms
    if column.privacy_class == "pseudonym":
        # Keys of plans or files are derived in SQL; a person's comes from ingest, also by parts.
        is_made = bool((held.plain | held.reduced) & lineage.pseudonyms)
        is_person = column.subject in ("user", "device", "operator", "card")
        return "declared a pseudonym but not made from one" if is_person and not is_made else ""
    if keys:
        return f"holds {_named(keys)} and is declared {column.privacy_class}"
    worst = max(
        (classes.get(origin, "none") for origin in held.plain),
        key=_RANK.__getitem__,
        default="none",
    )
    if _is_row_level(table) and _RANK[worst] > _RANK.get(column.privacy_class or "none", 0):
        private = {origin for origin in held.plain if classes.get(origin) == worst}
        return f"holds {_named(private)}, which is {worst}, and is declared {column.privacy_class}"
    if not _is_row_level(table) and worst == "sensitive" and column.role == "measure":
        private = {origin for origin in held.plain if classes.get(origin) == worst}
        return f"holds single values of {_named(private)}, not a sum"
    return ""


def _named(origins: Iterable[Origin]) -> str:
    return ", ".join(sorted(".".join(origin) for origin in origins))


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
    wanted = (audience, table.name, column.name, column.privacy_class)
    if column.privacy_class in allowed or wanted in policy.excepted_columns:
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
