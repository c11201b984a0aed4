"""Disclosure control: enough people behind everything that marketing sees. People, not rows.

What belongs here: counting distinct subjects by group and comparing published counts with the
minimum. What does not: suppressing rows (the published models do), or looking for identifiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.suppression import (
    everybody_shares,
    groups,
    person_column,
    shares_value,
)
from pipelines.privacy.text import quoted

_USERS = "users"


@dataclass(frozen=True)
class Anonymity:
    """How many people hide in each group: `k` of the smallest group, None without rows.

    `groups` counts all groups; `below` those with fewer than the minimum asked for.
    """

    k: int | None
    groups: int
    below: int


def k_anonymity(
    con: duckdb.DuckDBPyConnection,
    table: str,
    quasi_identifiers: Sequence[str],
    subject: str,
    minimum: int = 1,
) -> Anonymity:
    """Count distinct subjects in every combination of quasi-identifiers.

    A null is a value of its own: the one customer without a region is as visible as the one in
    Lhasa. Twelve payments of one customer are one person. A null subject is nobody.

    Args:
        con: connection.
        table: relation as SQL, already quoted.
        quasi_identifiers: column names; none at all makes the whole table one group.
        subject: column that names the person.
        minimum: groups with fewer people are counted in `below`.

    Returns:
        Smallest group, number of groups, number of groups below the minimum.
    """
    columns = ", ".join(quoted(name) for name in quasi_identifiers)
    grouped = f" group by {columns}" if columns else " having count(*) > 0"
    row = con.execute(
        f"with g as (select count(distinct {quoted(subject)}) as people from {table}{grouped})"
        " select min(people), count(*), count(*) filter (people < $1) from g",
        [minimum],
    ).fetchall()[0]
    return Anonymity(row[0], row[1], row[2])


def rare_people(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, policy: Policy
) -> tuple[list[Finding], list[Finding], dict[str, object]]:
    """Combinations and single values that too few people share, in tables with rows about people.

    Args:
        con: connection to the file, tables in schema `main`.
        catalogue: declarations of the audience, only of tables that are there.
        policy: fewest people.

    Returns:
        Findings about combinations, findings about single values, and the figures: for each
        combination its k, classes, uniques and the risk of finding a person again.
    """
    from pipelines.privacy.measures import risks

    together, single, measured = [], [], {}
    enough = _people_in(con, catalogue) >= policy.minimum_people
    for group in groups(catalogue):
        for name in group.tables:
            declared = catalogue.table(name)
            person = person_column(declared) if declared else None
            if person is None:
                continue
            # Rows that name nobody are no people; suppression shows of them what others share.
            relation = f"(select * from {quoted(name)} where {quoted(person.name)} is not null)"
            found = k_anonymity(con, relation, group.columns, person.name, policy.minimum_people)
            if found.k is None:
                continue
            figures = risks(con, relation, group.columns, person.name)
            columns = ", ".join(group.columns)
            measured[f"{name}: {columns}"] = {
                "k": found.k,
                "classes": found.groups,
                "uniques": figures.uniques,
                "highest_risk": round(figures.prosecutor, 6),
                "average_risk": round(figures.average, 6),
            }
            # In a short table (suspicious payments of four people) of a file with enough people,
            # columns that are NULL throughout tell nobody apart.
            if enough and found.groups == 1 and _tells_nothing(con, relation, group.columns):
                continue
            if found.below:
                kind = f"fewer than {policy.minimum_people} people share {columns}"
                message = (
                    f"in {found.below} of {found.groups} combinations; the smallest has {found.k}"
                )
                place = f"{name}.{columns}" if len(group.columns) == 1 else name
                (together if len(group.columns) > 1 else single).append(
                    Finding(place, kind, found.below, message=message)
                )
    return together, single, measured


def _people_in(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> int:
    """Distinct people in all tables of the file."""
    people = [
        f"select {quoted(person.name)}::varchar as who from {quoted(table.name)}"
        for table in catalogue.tables
        if (person := person_column(table)) is not None
    ]
    if not people:
        return 0
    query = f"select count(distinct who) from ({' union all '.join(people)})"
    return int(con.execute(query).fetchall()[0][0])


def _tells_nothing(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]) -> bool:
    """Whether all of these columns are NULL in every row."""
    told = " or ".join(f"{quoted(name)} is not null" for name in columns)
    query = f"select count(*) filter ({told}) from {relation}"
    return con.execute(query).fetchall()[0][0] == 0


def alike(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, policy: Policy
) -> tuple[list[Finding], dict[str, dict[str, object]]]:
    """Combinations whose members all share a sensitive value: knowing one of them tells it.

    A value that everybody in the file has is no finding: l is 1 then, but so it is without any
    combination, and t is 0. `shared_by_all` tells of it.

    Returns:
        Findings, and for each sensitive column l, entropy l and t of the classes.
    """
    from pipelines.privacy.measures import diversity

    findings: list[Finding] = []
    measured: dict[str, dict[str, object]] = {}
    for group in groups(catalogue):
        columns = ", ".join(quoted(name) for name in group.columns)
        for name, sensitive in group.sensitive:
            same, classes = con.execute(
                "select count(*) filter (alike), count(*) from (select"
                f" {shares_value(quoted(sensitive))} as alike from {quoted(name)}"
                f" group by {columns})"
            ).fetchall()[0]
            if not classes:
                continue
            found = diversity(con, quoted(name), group.columns, sensitive)
            measured[f"{name}.{sensitive}"] = {
                "l": found.l_distinct,
                "entropy_l": round(found.l_entropy, 4),
                "t": round(found.t_equal, 4),
            }
            if same and everybody_shares(con, quoted(name), sensitive, policy.minimum_people):
                measured[f"{name}.{sensitive}"]["shared_by_all"] = True
            elif same:
                message = f"in {same} of {classes} combinations of {', '.join(group.columns)}"
                place = f"{name}.{sensitive}"
                kind = "a sensitive value that all members share"
                findings.append(Finding(place, kind, same, message=message))
    return findings, measured


def too_few_people(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, policy: Policy
) -> list[Finding]:
    """What a marketing table tells about fewer people than the policy's minimum.

    A table counts people in its column `users`, or lists them by pseudonym (then the groups of its
    other columns are counted), or is named in the policy as one that is not about groups of people.

    Args:
        con: connection.
        relation: table as SQL, already quoted.
        table: its declaration.
        policy: holds the minimum.
    """
    subjects = [
        column.name
        for column in table.columns
        if column.privacy_class == "pseudonym" and column.subject == "user"
    ]
    findings = []
    for subject in subjects:
        others = [column.name for column in table.columns if column.name != subject]
        found = k_anonymity(con, relation, others, subject, policy.minimum_users)
        if found.below:
            findings.append(
                Finding(
                    table.name,
                    f"{found.below} of {found.groups} groups with fewer than"
                    f" {policy.minimum_users} people",
                    message=f"the smallest has {found.k}",
                )
            )
    if table.column(_USERS) is not None:
        findings.extend(_small_cells(con, relation, table, policy))
    elif not subjects and table.name not in policy.tables_without_people:
        findings.append(
            Finding(
                table.name,
                "no column `users`",
                message="nobody can tell how many people stand behind a row",
            )
        )
    return findings


def _small_cells(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, policy: Policy
) -> list[Finding]:
    rows, smallest = con.execute(
        f"select count(*), min({_USERS}) from {relation} where {_USERS} is null or {_USERS} < $1",
        [policy.minimum_users],
    ).fetchall()[0]
    if not rows:
        return []
    measured = "an unknown number" if smallest is None else str(smallest)
    return [
        Finding(
            f"{table.name}.{_USERS}",
            f"fewer than {policy.minimum_users} people behind a row",
            rows=rows,
            distinct=rows,
            message=f"the smallest row stands for {measured}",
        )
    ]
