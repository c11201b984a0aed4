"""What two releases tell together: a cell that changed by one person tells that person's data.

What belongs here: comparing a marketing file with an earlier one, cell by cell, and counting whose
data changed between two analysts' files. What does not: holding a change back (publish does).
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

_USERS = "users"


def keys_of(table: Table) -> list[str]:
    """Columns that say which cell a row of a marketing table is."""
    return [c.name for c in table.columns if c.privacy_class == "none" and c.role != "text"]


def has_moments(table: Table) -> bool:
    """Whether its cells belong to periods: a closed one changes only by late data about few."""
    return any(c.role == "time" and c.privacy_class == "none" for c in table.columns)


def changed_cells(now: str, before: str, table: Table, minimum: int, columns: list[str]) -> str:
    """Query: keys of cells that are in both relations, differ, and by fewer people than `minimum`.

    The same number of people with other sums is a change of few people as well.
    """
    keys = keys_of(table)
    same = " and ".join(f"a.{quoted(k)} is not distinct from b.{quoted(k)}" for k in keys)
    other = " or ".join(
        f"a.{quoted(c)} is distinct from b.{quoted(c)}" for c in columns if c not in keys
    )
    names = ", ".join(f"a.{quoted(k)}" for k in keys)
    return (
        f"select {names} from {now} a join {before} b on {same}"
        f" where abs(a.{_USERS} - b.{_USERS}) < {minimum} and ({other})"
    )


def small_changes(
    con: duckdb.DuckDBPyConnection,
    now: str,
    before: str,
    table: Table,
    policy: Policy,
    people: int,
) -> list[Finding]:
    """Cells of a marketing table that changed by few people since an earlier release.

    Where the facts of `people`, at least one and fewer than the minimum, changed in all, every
    changed cell is theirs. Otherwise only cells of closed periods are: late data is about few,
    while groups of today move with everybody.
    """
    columns = common_columns(con, now, before, table)
    is_few = 0 < people < policy.minimum_users
    if people == 0 or _USERS not in columns or not set(keys_of(table)) <= set(columns):
        return []
    if not is_few and not has_moments(table):
        return []
    query = changed_cells(now, before, table, policy.minimum_users, columns)
    cells = con.execute(f"select count(*) from ({query})").fetchall()[0][0]
    if not cells:
        return []
    message = f"fewer than {policy.minimum_users} people make the difference to an earlier release"
    return [Finding(table.name, "cells that changed by few people", cells, cells, message=message)]


def not_in(con: duckdb.DuckDBPyConnection, now: str, last: str, table: Table) -> str:
    """Relation: rows of `now` that are not, just so, in `last`."""
    columns = common_columns(con, now, last, table)
    if len(columns) != len(table.columns):
        return now
    names = ", ".join(quoted(name) for name in columns)
    return f"(select {names} from {now} except select {names} from {last})"


def common_columns(
    con: duckdb.DuckDBPyConnection, now: str, before: str, table: Table
) -> list[str]:
    """Declared columns that both relations have; none when one of them is not there."""
    try:
        here = {row[0] for row in con.execute(f"describe select * from {now}").fetchall()}
        there = {row[0] for row in con.execute(f"describe select * from {before}").fetchall()}
    except duckdb.CatalogException:
        return []  # a release before this table was published
    return [c.name for c in table.columns if c.name in here & there]


def changed_people(
    con: duckdb.DuckDBPyConnection, attached: Collection[str], catalogue: Catalogue
) -> int:
    """How many people have facts in one analysts' database that the other lacks or has otherwise.

    Args:
        con: connection with the databases attached.
        attached: their names; `analysts` and `analysts_then` are compared.
        catalogue: all declarations; analysts' tables of facts (`fct_…`) that name people count.

    Returns:
        Distinct pseudonyms; 1 when there is nothing to compare: then every change is suspect.
    """
    if not {"analysts", "analysts_then"} <= set(attached):
        return 1
    now, before, parts = "analysts", "analysts_then", []
    for table in catalogue.for_audience("analyst").tables:
        person = next(
            (c for c in table.columns if c.privacy_class == "pseudonym" and c.subject == "user"),
            None,
        )
        if person is None or not table.name.startswith("fct_"):
            continue
        here, there = (f"{quoted(db)}.main.{quoted(table.name)}" for db in (now, before))
        columns = [c for c in common_columns(con, here, there, table) if c != person.name]
        if not columns:
            continue
        names = ", ".join(quoted(c) for c in columns)
        rows = [
            f"select {quoted(person.name)} as who, hash({names}) as h from {relation}"
            for relation in (here, there)
        ]
        parts.append(
            f"(select who from ({rows[0]} except all {rows[1]}))"
            f" union all (select who from ({rows[1]} except all {rows[0]}))"
        )
    if not parts:
        return 1
    query = f"select count(distinct who) from ({' union all '.join(parts)})"
    return int(con.execute(query).fetchall()[0][0])
