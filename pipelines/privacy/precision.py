"""Values so exact that they name a person by themselves: moments, and columns unique to a row.

What belongs here: rules about how exact row-level columns may be. What does not: what people are
like (`disclosure`), which columns are moments of people (`moments`), identifiers (`patterns`).
"""

from __future__ import annotations

import duckdb

from pipelines.privacy.catalogue import Table
from pipelines.privacy.moments import moments_of_people
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

_FEWEST_ROWS = 100
# Keys and lineage are made to be unique; amounts are what an analyst is there for.
_MAY_BE_UNIQUE = frozenset({"key", "lineage", "measure"})


def too_exact(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: Table,
    types: dict[str, str],
    policy: Policy,
) -> list[Finding]:
    """Moments finer than an hour, and columns about people that differ in nearly every row."""
    findings = []
    about_people = any(column.privacy_class == "pseudonym" for column in table.columns)
    for column in table.columns:
        data_type, place = types.get(column.name, ""), f"{table.name}.{column.name}"
        name = quoted(column.name)
        if data_type.startswith(("TIMESTAMP", "TIME")):
            fine = con.execute(
                f"select count(*) from {relation} where date_trunc('hour', {name}::timestamp)"
                f" <> {name}::timestamp"
                if data_type.startswith("TIMESTAMP")
                else f"select count({name}) from {relation}"
            ).fetchall()[0][0]
            if fine:
                message = "a moment names its payment; publish the hour"
                findings.append(
                    Finding(place, "moments finer than an hour", rows=fine, message=message)
                )
            # An hour repeats or does not with the size of the shop: people are counted below.
            continue
        # Days are what analysts work with: 120 refunds in two years lie on 110 days.
        is_day = column.role == "time" and data_type == "DATE"
        if about_people and not is_day and column.role not in _MAY_BE_UNIQUE:
            findings += _unique(con, relation, place, name, policy)
    return findings + _rare_hours(con, relation, table, types, policy)


def _rare_hours(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: Table,
    types: dict[str, str],
    policy: Policy,
) -> list[Finding]:
    """Hours that fewer people share than the minimum."""
    findings = []
    for moment in moments_of_people(table):
        if not {*moment.key, *moment.people} <= types.keys():
            # A column that is declared and not there is CAT-1's find.
            continue
        hours = con.execute(
            f"select count(*) from ({moment.rare(relation, policy.minimum_people)})"
        ).fetchall()[0][0]
        if hours:
            findings.append(
                Finding(
                    f"{table.name}.{moment.column}",
                    f"hours that fewer than {policy.minimum_people} people share",
                    hours,
                    message="hidden when a candidate is built; is the file another one?",
                )
            )
    return findings


def _unique(
    con: duckdb.DuckDBPyConnection, relation: str, place: str, name: str, policy: Policy
) -> list[Finding]:
    distinct, rows = con.execute(
        f"select count(distinct {name}), count({name}) from {relation}"
    ).fetchall()[0]
    if rows < _FEWEST_ROWS or distinct <= policy.maximum_unique_share * rows:
        return []
    return [
        Finding(
            place,
            "nearly every row has a value of its own",
            distinct,
            rows,
            message="declare it as a key, or publish it coarser",
        )
    ]
