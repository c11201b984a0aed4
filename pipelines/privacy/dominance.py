"""Sums that few people make: whoever is one of two knows the other's.

What belongs here: the threshold, p % and (n, k) rules on sums per person, from what a model
declares about where its amounts come from. What does not: hiding dominated cells (the models do).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from pipelines.privacy.catalogue import Contribution, Table
from pipelines.privacy.extremes import PERCENTILE
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

_MONEY = re.compile(r"(^|_)(amount|volume|fees|revenue|turnover|spend|cost|sales)(_|$)")
_LEAST_MADE_UP = 0.5
_RATIO = re.compile(r"(^|_)(rate|share|ratio|percent)(_|$)")


@dataclass(frozen=True)
class Dominance:
    """Cells of one amount: how many there are, and how many break a rule.

    `few` are those to which fewer people than the minimum add anything: of twelve who tried, three
    may have paid.
    """

    cells: int
    p_percent: int
    n_k: int
    few: int


def dominance(con: duckdb.DuckDBPyConnection, sums: str, policy: Policy) -> Dominance:
    """Apply the rules to sums per person.

    Args:
        con: connection.
        sums: query of (cell, person, amount), one row per cell and person.
        policy: p, n is 2, k, fewest people.

    Returns:
        Counts; amounts count by their size, whatever their sign. A cell without money breaks
        nothing.
    """
    row = con.execute(
        "select count(*), count(*) filter (p_percent), count(*) filter (n_k), count(*) filter (few)"
        f" from ({_judged(sums, policy)})"
    ).fetchall()[0]
    return Dominance(*row)


def _judged(sums: str, policy: Policy) -> str:
    """Query: cell, and whether it breaks the p % rule, the (2, k) rule, the least number."""
    return (
        f"with sums as ({sums}),"
        " ranked as (select cell, abs(amount)::double as x, row_number() over"
        "  (partition by cell order by abs(amount) desc) as place from sums where amount <> 0),"
        " cells as (select cell, sum(x) as total, max(x) filter (place = 1) as x1,"
        "  coalesce(max(x) filter (place = 2), 0) as x2, count(*) as people"
        "  from ranked group by cell)"
        f" select cell, total - x1 - x2 < {policy.p_percent} * x1 as p_percent,"
        f" x1 + x2 > {policy.two_largest_share} * total as n_k,"
        f" people < {policy.minimum_users} as few from cells"
    )


def dominated_rows(table: Table, analysts: str, relation: str, policy: Policy) -> tuple[str, ...]:
    """Conditions that hold for rows of a marketing table whose amounts few people make.

    Args:
        table: its declaration with `contributions`.
        analysts: schema with the analysts' facts, as SQL.
        relation: its relation as SQL, called `_t` where the conditions are used.
        policy: the limits.
    """
    return tuple(
        f"row({', '.join('_t.' + quoted(name) for name, _ in part.by)})::varchar in (select cell"
        f" from ({_judged(_sums(analysts, relation, part), policy)}) where p_percent or n_k or few)"
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
    findings, cells = _not_made_up(con, f"{quoted(analysts)}.main", table, relation), 0
    for part in table.contributions:
        found = dominance(con, _sums(f"{quoted(analysts)}.main", relation, part), policy)
        cells += found.cells
        broken = max(found.p_percent, found.n_k, found.few)
        if broken:
            findings.append(
                Finding(
                    f"{table.name}.{part.amount}",
                    "sums that few people make",
                    broken,
                    broken,
                    message=f"{found.p_percent} break the p % rule, {found.n_k} the (2, k) rule,"
                    f" {found.few} have fewer people than {policy.minimum_users}",
                )
            )
    return findings, cells


def _not_made_up(
    con: duckdb.DuckDBPyConnection, analysts: str, table: Table, relation: str
) -> list[Finding]:
    """Amounts that are not what their declared contributions come to.

    A wrong declaration (another fact, an expression of nothing) would find everybody small. Half or
    twice is allowed: figures that are held back are those of an earlier release. Facts whose keys
    analysts do not see (a rare segment is NULL there) may belong to any cell.
    """
    best: dict[str, float] = {}
    for part in table.contributions:
        amount = quoted(part.amount)
        cells = f"row({', '.join(quoted(name) for name, _ in part.by)})::varchar"
        made, hidden, told, all_told = con.execute(
            f"with made as ({_sums(analysts, relation, part, everybody=True)}),"
            f" told as (select distinct {cells} as cell, abs({amount})::double as amount"
            f"  from {relation} where {amount} is not null),"
            " by_cell as (select cell, abs(sum(amount))::double as amount from made group by cell)"
            " select coalesce((select sum(b.amount) from by_cell b join told using (cell)), 0),"
            f" coalesce(({_hidden_of(analysts, relation, part)}), 0),"
            " coalesce((select sum(t.amount) from told t join by_cell using (cell)), 0),"
            " coalesce((select sum(amount) from told), 0)"
        ).fetchall()[0]
        share = (made + hidden) / (told or all_told) if all_told else 1.0
        if share > 1 and not hidden:
            share = 1 / share
        best[part.amount] = max(best.get(part.amount, 0.0), share)
    return [
        Finding(
            f"{table.name}.{name}",
            "contributions that do not make up the amount",
            message=f"the one is {share:.0%} of the other",
        )
        for name, share in best.items()
        if share < _LEAST_MADE_UP
    ]


def _hidden_of(analysts: str, relation: str, part: Contribution) -> str:
    """Query: what facts come to of which a key is unknown to analysts."""
    amount, where = _told(analysts, relation, part, everybody=True)
    keys = _keys(analysts, relation, part)
    unknown = " or ".join(f"{quoted(name)} is null" for name, _ in part.by)
    return (
        f"select sum(abs(_amount::double)) from (select {', '.join(keys)}, {amount} as _amount"
        f" from {analysts}.{quoted(part.table)} where {where}) where {unknown}"
    )


def _told(analysts: str, relation: str, part: Contribution, *, everybody: bool) -> tuple[str, str]:
    """Expression of the amount and condition on the facts, with their placeholders filled."""
    wanted = [f"({_filled(part.where, analysts, relation)})"] if part.where else []
    wanted += [] if everybody else [f"{quoted(part.person)} is not null"]
    amount = f"({_filled(part.expression, analysts, relation)})"
    return amount, " and ".join(wanted) or "true"


def _keys(analysts: str, relation: str, part: Contribution) -> list[str]:
    return [
        f"({_filled(expression, analysts, relation)}) as {quoted(name)}"
        for name, expression in part.by
    ]


def _filled(sql: str, analysts: str, relation: str) -> str:
    return sql.replace("{analysts}", analysts).replace("{cells}", relation)


def _sums(analysts: str, relation: str, part: Contribution, *, everybody: bool = False) -> str:
    by = ", ".join(_keys(analysts, relation, part))
    names = ", ".join(quoted(name) for name, _ in part.by)
    same = " and ".join(f"k.{quoted(n)} is not distinct from c.{quoted(n)}" for n, _ in part.by)

    amount, where = _told(analysts, relation, part, everybody=everybody)
    source = f"{analysts}.{quoted(part.table)}"
    # A cell whose amount is hidden tells nothing.
    cells = f"(select distinct {names} from {relation} where {quoted(part.amount)} is not null)"
    person, cell = quoted(part.person), f"row({', '.join('c.' + quoted(n) for n, _ in part.by)})"
    return (
        f"select {cell}::varchar as cell, person, sum(amount) as amount from ("
        f" select {by}, {person} as person, {amount} as amount from {source}"
        f" where {where}) c join {cells} k on {same} group by all"
    )


def amounts_of(table: Table) -> list[str]:
    """Columns that are sums of money: by their type, or by their name whatever their type."""
    return [
        column.name
        for column in table.columns
        if column.role == "measure"
        and not PERCENTILE.search(column.name)
        and (
            column.data_type.lower().startswith(("decimal", "numeric"))
            or (_MONEY.search(column.name) and not _RATIO.search(column.name))
        )
    ]


def undeclared(table: Table) -> list[Finding]:
    """Amounts of a marketing table of which nobody said who makes them, or why that cannot be."""
    said = {part.amount for part in table.contributions} | {name for name, _ in table.unattributed}
    names = amounts_of(table)
    findings = [
        Finding(
            f"{table.name}.{name}",
            "amount without its contributors",
            message="declare meta.privacy.contributions, or a reason in unattributed",
        )
        for name in names
        if name not in said
    ]
    columns = {column.name for column in table.columns}
    findings += [
        Finding(f"{table.name}.{name}", "contributors of a column that is not there")
        for name in sorted(said - columns)
    ]
    return findings


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
    amounts = [name for name in amounts_of(table) if name not in declared]
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
