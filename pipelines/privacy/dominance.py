"""Sums that one or two people make: whoever is one of them knows the other's.

What belongs here: the p % rule and the (n, k) rule on sums per person, from what a model declares
about where its amounts come from. What does not: hiding dominated cells (the models do).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.privacy.catalogue import Contribution, Table
from pipelines.privacy.extremes import PERCENTILE
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted


@dataclass(frozen=True)
class Dominance:
    """Cells of one amount: how many there are, and how many break a rule."""

    cells: int
    p_percent: int
    n_k: int


def dominance(con: duckdb.DuckDBPyConnection, sums: str, policy: Policy) -> Dominance:
    """Apply both rules to sums per person.

    Args:
        con: connection.
        sums: query of (cell, person, amount), one row per cell and person.
        policy: p, n is 2, k.

    Returns:
        Counts; amounts count by their size, whatever their sign. A cell without money breaks
        nothing.
    """
    row = con.execute(
        f"select count(*), count(*) filter (p_percent), count(*) filter (n_k)"
        f" from ({_judged(sums, policy)})"
    ).fetchall()[0]
    return Dominance(*row)


def _judged(sums: str, policy: Policy) -> str:
    """Query: cell, and whether it breaks the p % rule and the (2, k) rule."""
    return (
        f"with sums as ({sums}),"
        " ranked as (select cell, abs(amount)::double as x, row_number() over"
        "  (partition by cell order by abs(amount) desc) as place from sums where amount <> 0),"
        " cells as (select cell, sum(x) as total, max(x) filter (place = 1) as x1,"
        "  coalesce(max(x) filter (place = 2), 0) as x2 from ranked group by cell)"
        f" select cell, total - x1 - x2 < {policy.p_percent} * x1 as p_percent,"
        f" x1 + x2 > {policy.two_largest_share} * total as n_k from cells"
    )


def dominated_rows(table: Table, analysts: str, relation: str, policy: Policy) -> tuple[str, ...]:
    """Conditions that hold for rows of a marketing table whose amounts one or two people make.

    Args:
        table: its declaration with `contributions`.
        analysts: schema with the analysts' facts, as SQL.
        relation: its relation as SQL, called `_t` where the conditions are used.
        policy: the limits.
    """
    return tuple(
        f"row({', '.join('_t.' + quoted(name) for name, _ in part.by)})::varchar in (select cell"
        f" from ({_judged(_sums(analysts, relation, part), policy)}) where p_percent or n_k)"
        for part in table.contributions
    )


def dominated(
    con: duckdb.DuckDBPyConnection, analysts: str, table: Table, relation: str, policy: Policy
) -> tuple[list[Finding], int]:
    """Published cells of a table whose declared amounts one or two people make.

    Args:
        con: connection in which the analysts' file of the same release is attached.
        analysts: name of that database.
        table: a marketing table with its `contributions`.
        relation: its relation as SQL: only published cells count.
        policy: the limits.

    Returns:
        Findings, and the number of cells looked at.
    """
    findings, cells = [], 0
    for part in table.contributions:
        found = dominance(con, _sums(f"{quoted(analysts)}.main", relation, part), policy)
        cells += found.cells
        broken = max(found.p_percent, found.n_k)
        if broken:
            findings.append(
                Finding(
                    f"{table.name}.{part.amount}",
                    "sums that one or two people make",
                    broken,
                    broken,
                    message=f"{found.p_percent} break the p % rule, {found.n_k} the (2, k) rule",
                )
            )
    return findings, cells


def _sums(analysts: str, relation: str, part: Contribution) -> str:
    by = ", ".join(f"({expression}) as {quoted(name)}" for name, expression in part.by)
    names = ", ".join(quoted(name) for name, _ in part.by)
    same = " and ".join(f"k.{quoted(n)} is not distinct from c.{quoted(n)}" for n, _ in part.by)
    where = f" and ({part.where})" if part.where else ""
    source = f"{analysts}.{quoted(part.table)}"
    cells = f"(select distinct {names} from {relation})"
    person, cell = quoted(part.person), f"row({', '.join('c.' + quoted(n) for n, _ in part.by)})"
    return (
        f"select {cell}::varchar as cell, person, sum(amount) as amount from ("
        f" select {by}, {person} as person, ({part.expression}) as amount from {source}"
        f" where {person} is not null{where}) c join {cells} k on {same} group by all"
    )


def unproven(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    relation: str,
    two_largest: tuple[float, float],
    policy: Policy,
) -> list[str]:
    """Amounts of a table for which nothing is declared and the general bound proves nothing.

    No cell can hold more of a person than that person has in all: where the two largest people of
    the whole file together (`largest_people`) are small against a cell, nobody dominates it.
    """
    declared = {part.amount for part in table.contributions}
    amounts = [
        column.name
        for column in table.columns
        if column.data_type.lower().startswith(("decimal", "numeric"))
        and column.role == "measure"
        and column.name not in declared
        and not PERCENTILE.search(column.name)
    ]
    if not amounts:
        return []
    first, second = two_largest
    open_cells = [
        name
        for name in amounts
        if con.execute(
            f"select count(*) from {relation} where abs({quoted(name)}::double) > 0 and ("
            f" abs({quoted(name)}::double) - $1 - $2 < $3 * $1"
            f" or $1 + $2 > $4 * abs({quoted(name)}::double))",
            [first, second, policy.p_percent, policy.two_largest_share],
        ).fetchall()[0][0]
    ]
    return [f"{table.name}.{name}" for name in open_cells]


def largest_people(con: duckdb.DuckDBPyConnection, analysts: str) -> tuple[float, float]:
    """The two largest sums of one person over any amount of any fact of the analysts' file."""
    columns = con.execute(
        "select table_name, column_name from duckdb_columns() where database_name = $1"
        " and data_type like 'DECIMAL%' and table_name in (select table_name from duckdb_columns()"
        "  where database_name = $1 and column_name = 'user_key')",
        [analysts],
    ).fetchall()
    first = second = 0.0
    for table, column in columns:
        rows = con.execute(
            f"select sum(abs({quoted(column)}))::double as x from"
            f" {quoted(analysts)}.main.{quoted(table)} where user_key is not null"
            " group by user_key order by x desc nulls last limit 2"
        ).fetchall()
        values = [value or 0.0 for (value,) in rows] + [0.0, 0.0]
        first, second = max(first, values[0]), max(second, values[1])
    return first, second
