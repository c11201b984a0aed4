"""The field's measures of re-identification and disclosure risk, in SQL over one relation.

What belongs here: k, l, t, alpha, beta, delta, presence, risks, and how much columns tell people
apart. What does not: thresholds (`policy`) or what is done about them (`disclosure`).

A class is a set of rows with the same quasi-identifiers, nulls being a value like any other. With
`subject` given, people are counted, not rows: twelve payments of one customer are one person.
Definitions: Sweeney 2002 (k), Machanavajjhala et al. 2007 (l), Li et al. 2007 (t), Nergiz et al.
2007 (presence), Brickell & Shmatikov 2008 (delta-disclosure), Cao & Karras 2012 (beta-likeness),
Wong et al. 2006 (alpha), Motwani & Xu 2007 (distinction, separation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.privacy.text import quoted


@dataclass(frozen=True)
class Diversity:
    """How well classes hide a sensitive value; each is the worst class.

    Attributes:
        k: people (rows without a subject) in the smallest class.
        l_distinct: different values; l_entropy: exp of the entropy of values.
        alpha: largest share of one value.
        basic_beta: largest relative gain over the share in the whole table.
        enhanced_beta: the same, capped at -ln of the rarest value's share.
        delta_disclosure: largest absolute log ratio to the share in the whole table.
        t_equal: distance to the whole table, all values equally far apart (half the L1 norm).
        t_ordered: earth mover's distance over the sorted values.
    """

    k: int
    l_distinct: int
    l_entropy: float
    alpha: float
    basic_beta: float
    enhanced_beta: float
    delta_disclosure: float
    t_equal: float
    t_ordered: float


@dataclass(frozen=True)
class Risks:
    """Chance of finding a person again.

    Attributes:
        rows, classes: people (rows) and classes.
        uniques: people alone in their class.
        prosecutor: highest chance when it is known that a person is in the data: 1 / min k.
        average: expected share found when everybody is looked for (marketer): classes / rows.
    """

    rows: int
    classes: int
    uniques: int
    prosecutor: float
    average: float

    @property
    def unique_share(self) -> float:
        """Share of people alone in their class."""
        return self.uniques / self.rows


def diversity(
    con: duckdb.DuckDBPyConnection,
    table: str,
    quasi_identifiers: Sequence[str],
    sensitive: str,
    subject: str | None = None,
) -> Diversity:
    """Measure how classes of a table hide a sensitive column.

    Args:
        con: connection; temporary tables are made in it.
        table: relation as SQL, already quoted; must have rows.
        quasi_identifiers, sensitive: column names. A null is a value.
        subject: column that names the person, or None to count rows.
    """
    cells = _cells(con, table, quasi_identifiers, [quoted(sensitive)], subject)
    row = con.execute(
        f"with cells as (select g, s, n, sum(n) over (partition by g) as class_n from {cells}),"
        " overall as (select s, sum(n) / sum(sum(n)) over () as p from cells group by s),"
        " q as (select g, s, n, class_n, n / class_n as q, p from cells"
        "  join overall using (s)),"
        " classes as (select g, count(*) as l, exp(-sum(q * ln(q))) as entropy, max(q) as alpha,"
        "  max((q - p) / p) as beta, max(-ln(p)) as rarest,"
        "  max(abs(ln(q / p))) as delta,"
        # Values that a class lacks differ by all of their share.
        "  (sum(abs(q - p)) + 1 - sum(p)) / 2 as t from q group by g)"
        " select min(l), min(entropy), max(alpha), max(beta), least(max(beta), max(rarest)),"
        " max(delta), max(t)"
        " from classes"
    ).fetchall()[0]
    ordered = _ordered_distance(con, cells)
    k = class_sizes(con, table, quasi_identifiers, subject)[0]
    return Diversity(k, int(row[0]), *(float(value) for value in row[1:]), ordered)


def _cells(
    con: duckdb.DuckDBPyConnection,
    table: str,
    quasi_identifiers: Sequence[str],
    values: Sequence[str],
    subject: str | None,
) -> str:
    """Temporary table `cells`: class g, value s (as its rank, nulls first), people or rows n."""
    group = ", ".join(quoted(name) for name in quasi_identifiers) or "1"
    counted = f"count(distinct {quoted(subject)})" if subject else "count(*)"
    con.execute(
        "create or replace temp table cells as with grouped as ("
        f" select dense_rank() over (order by {group}) as g,"
        f" dense_rank() over (order by s nulls first) as s, n from ("
        f" select {group}, {values[0]} as s, {counted} as n from {table} group by all))"
        " select g, s, n::double as n from grouped where n > 0"
    )
    return "cells"


def _ordered_distance(con: duckdb.DuckDBPyConnection, cells: str) -> float:
    """Largest sum of |cumulated q - cumulated p| / (values - 1) over the whole grid of values.

    Between two values that a class has, its cumulated share does not move, so the sum over the grid
    is taken from the class's own values and the table's cumulated shares.
    """
    row = con.execute(
        f"with overall as (select s, sum(n) / sum(sum(n)) over () as p from {cells} group by s),"
        " grid as (select s, sum(p) over (order by s) as cp, count(*) over () as m from overall),"
        f" steps as (select g, s, sum(n) over (partition by g order by s)"
        f"  / sum(n) over (partition by g) as cq,"
        f"  coalesce(lead(s) over (partition by g order by s), 1e18) as until from {cells}),"
        # From a class's value up to its next one.
        " inside as (select steps.g, sum(abs(cq - cp)) as d, any_value(m) as m from steps"
        "  join grid on grid.s >= steps.s and grid.s < steps.until group by steps.g),"
        " before as (select f.g, coalesce(sum(cp), 0) as d"
        f"  from (select g, min(s) as s from {cells} group by g) f"
        "  left join grid on grid.s < f.s group by f.g)"
        " select max(case when m > 1 then (inside.d + before.d) / (m - 1) else 0 end)"
        " from inside join before using (g)"
    ).fetchall()[0]
    return float(row[0])


def class_sizes(
    con: duckdb.DuckDBPyConnection,
    table: str,
    quasi_identifiers: Sequence[str],
    subject: str | None = None,
) -> tuple[int, int, int, int]:
    """Smallest class, classes, people (rows) in all of them, classes of one.

    People are counted by class: one who is in two classes counts in both.
    """
    group = ", ".join(quoted(name) for name in quasi_identifiers) or "1"
    if subject:
        # Distinct tuples first: counting distinct people in one pass costs four times as much.
        source = f"(select distinct {group}, {quoted(subject)} as _who from {table})"
        source = f"(select * from {source} where _who is not null)"
    else:
        source = table
    row = con.execute(
        f"with c as (select count(*) as n from {source} group by {group})"
        " select min(n), count(*), sum(n), count(*) filter (n = 1) from c"
    ).fetchall()[0]
    return (row[0] or 0, row[1], int(row[2] or 0), row[3])


def recursive_l(
    con: duckdb.DuckDBPyConnection,
    table: str,
    quasi_identifiers: Sequence[str],
    sensitive: str,
    l: int,  # noqa: E741 - the measure is called so
    subject: str | None = None,
) -> float:
    """The c above which every class is recursively (c, l)-diverse: r1 < c (r_l + … + r_m).

    Counts are sorted descending, as the definition asks: 998, 1, 1 is (c, 3)-diverse only for
    c > 998. Infinite when a class has fewer than l values.
    """
    cells = _cells(con, table, quasi_identifiers, [quoted(sensitive)], subject)
    row = con.execute(
        f"with r as (select list(n order by n desc) as n from {cells} group by g)"
        f" select max(case when len(n) < {l} then 'infinity'::double"
        f" else n[1] / list_sum(n[{l}:]) end) from r"
    ).fetchall()[0]
    return float(row[0])


def risks(
    con: duckdb.DuckDBPyConnection,
    table: str,
    quasi_identifiers: Sequence[str],
    subject: str | None = None,
) -> Risks:
    """Re-identification risks of a table."""
    smallest, classes, rows, uniques = class_sizes(con, table, quasi_identifiers, subject)
    return Risks(rows, classes, uniques, 1 / smallest if smallest else 0.0, classes / max(rows, 1))


def presence(
    con: duckdb.DuckDBPyConnection,
    published: str,
    population: str,
    quasi_identifiers: Sequence[str],
) -> tuple[float, float]:
    """Lowest and highest share of a population class that is in the published rows (delta).

    Args:
        con: connection.
        published, population: relations as SQL; the first is part of the second.
        quasi_identifiers: column names of both.
    """
    group = ", ".join(quoted(name) for name in quasi_identifiers)
    same = " and ".join(
        f"a.{quoted(name)} is not distinct from b.{quoted(name)}" for name in quasi_identifiers
    )
    low, high = con.execute(
        f"with a as (select {group}, count(*) as n from {population} group by all),"
        f" b as (select {group}, count(*) as n from {published} group by all)"
        f" select min(coalesce(b.n, 0) / a.n), max(coalesce(b.n, 0) / a.n)"
        f" from a left join b on {same}"
    ).fetchall()[0]
    return float(low), float(high)


def journalist_risk(
    con: duckdb.DuckDBPyConnection,
    published: str,
    population: str,
    quasi_identifiers: Sequence[str],
) -> float:
    """Highest chance of finding a person when it is not known who is in the data.

    1 / the smallest population class that has somebody in the published rows.
    """
    group = ", ".join(quoted(name) for name in quasi_identifiers)
    same = " and ".join(
        f"a.{quoted(name)} is not distinct from b.{quoted(name)}" for name in quasi_identifiers
    )
    smallest = con.execute(
        f"with a as (select {group}, count(*) as n from {population} group by all),"
        f" b as (select distinct {group} from {published})"
        f" select min(a.n) from a join b on {same}"
    ).fetchall()[0][0]
    return 1 / smallest if smallest else 0.0


def distinction(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> float:
    """Share of distinct combinations among rows: how nearly the columns are a key."""
    group = ", ".join(quoted(name) for name in columns)
    row = con.execute(
        f"select count(*) / sum(n) from (select count(*) as n from {table} group by {group})"
    ).fetchall()[0]
    return float(row[0])


def separation(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> float:
    """Share of pairs of rows that the columns tell apart."""
    group = ", ".join(quoted(name) for name in columns)
    row = con.execute(
        "select 1 - sum(n * (n - 1)) / (sum(n) * (sum(n) - 1))"
        f" from (select count(*)::double as n from {table} group by {group})"
    ).fetchall()[0]
    return float(row[0])
