"""Too old, or erased: rows and people that may be in no published file any more.

What belongs here: comparing the oldest moments with the declared retention, and pseudonyms with the
list of erased people. What does not: removing them (`publish.candidate`, `publish.erasure`).
"""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from pipelines.privacy.catalogue import Column, Table
from pipelines.privacy.report import Finding
from pipelines.privacy.text import literal, quoted


def moments(table: Table) -> list[Column]:
    """Columns whose values say when something happened."""
    return [
        column
        for column in table.columns
        if column.role == "time"
        and column.retention_days
        and column.data_type.lower().split("(")[0].startswith(("date", "timestamp"))
    ]


def oldest_day(column: Column, today: date) -> date:
    """First day of a column that may still be published."""
    return today - timedelta(days=column.retention_days or 0)


def too_old(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, today: date
) -> list[Finding]:
    """Moments of a table that are older than the retention of their column."""
    findings = []
    for column in moments(table):
        limit = oldest_day(column, today)
        rows = con.execute(
            f"select count(*) from {relation}"
            f" where {quoted(column.name)} < {literal(limit.isoformat())}::date"
        ).fetchall()[0][0]
        if rows:
            message = f"nothing before {limit} may be published ({column.retention_days} days)"
            place = f"{table.name}.{column.name}"
            findings.append(Finding(place, "older than its retention", rows=rows, message=message))
    return findings


def still_there(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, erased: frozenset[str]
) -> list[Finding]:
    """Pseudonym columns that hold somebody who was erased."""
    if not erased:
        return []
    findings = []
    for column in table.columns:
        if column.privacy_class != "pseudonym":
            continue
        rows = con.execute(
            f"select count(*) from {relation}"
            f" where {quoted(column.name)}::varchar in (select unnest($1::varchar[]))",
            [sorted(erased)],
        ).fetchall()[0][0]
        if rows:
            place = f"{table.name}.{column.name}"
            findings.append(Finding(place, "a person who was erased", rows=rows))
    return findings
