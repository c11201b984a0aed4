"""Disclosure control: enough people behind everything that marketing sees. People, not rows.

What belongs here: counting distinct subjects by group and comparing published counts with the
minimum. What does not: suppressing rows (the published models do), or looking for identifiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.privacy.catalogue import Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
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
