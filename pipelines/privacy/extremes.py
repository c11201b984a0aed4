"""Figures that are one person's value: largest, smallest, unrounded percentiles.

What belongs here: recognising them by name and by comparing marketing amounts with single payments.
What does not: sums (`dominance`), counts of people (`disclosure`).

Where a shop has so many payments that every second amount is somebody's, sums equal payments too.
So values are compared with the amounts around them: of independent trials with the chance p_i that
an amount near value i is one that few people paid, as many as the values that are (Poisson binomial
tail, `policy.chance_alpha`). A column all of whose values are payments is never excused.
"""

from __future__ import annotations

import re

import duckdb

from pipelines.privacy.catalogue import Column, Table
from pipelines.privacy.chance import poisson_binomial_tail
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

_EXTREME = re.compile(r"(^|_)(max|min|maximum|minimum|largest|smallest|highest|lowest|top1)($|_)")
PERCENTILE = re.compile(r"(^|_)(median|p[0-9]{2}|percentile|quartile|quantile)($|_)")
_FEWEST = 3
_SHARE = 0.5
_NEIGHBOURS = 20


def extremes(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: Table,
    policy: Policy,
    analysts: str | None,
) -> list[Finding]:
    """Amounts of a marketing table that show one payment or one person.

    Args:
        con: connection; the analysts' file may be attached.
        relation: table as SQL.
        table: its declaration.
        policy: to what percentiles of money are rounded.
        analysts: name of the attached analysts' database, or None.
    """
    findings = []
    for column in table.columns:
        if column.role != "measure" or not _is_money(column.data_type):
            continue
        place, name = f"{table.name}.{column.name}", quoted(column.name)
        if _EXTREME.search(column.name):
            findings.append(Finding(place, "an extreme is one person's value"))
        elif PERCENTILE.search(column.name):
            exact = con.execute(
                f"select count(*) from {relation} where"
                f" abs({name}::double / $1 - round({name}::double / $1)) > 1e-9",
                [policy.rounded_money],
            ).fetchall()[0][0]
            if exact:
                message = f"round to multiples of {policy.rounded_money:g}"
                findings.append(
                    Finding(
                        place, "percentiles of money not rounded", exact, exact, message=message
                    )
                )
        elif analysts is not None:
            findings += _single_payments(con, relation, place, name, policy, analysts)
    return findings


def is_percentile_of_money(column: Column) -> bool:
    """Whether a column shows medians or other percentiles of amounts: each is somebody's."""
    is_measure = column.role == "measure" and _is_money(column.data_type)
    return is_measure and PERCENTILE.search(column.name) is not None


def _is_money(data_type: str) -> bool:
    return data_type.lower().startswith(("decimal", "numeric"))


def _single_payments(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    place: str,
    name: str,
    policy: Policy,
    analysts: str,
) -> list[Finding]:
    """Most values of a column are amounts that few people paid: a maximum in disguise."""
    facts = con.execute(
        "select table_name, column_name from duckdb_columns() where database_name = $1"
        " and data_type like 'DECIMAL%' and table_name in (select table_name from duckdb_columns()"
        "  where database_name = $1 and column_name = 'user_key')",
        [analysts],
    ).fetchall()
    if not facts:
        return []
    single = " union all ".join(
        f"select abs({quoted(column)})::double as x, user_key from"
        f" {quoted(analysts)}.main.{quoted(table)} where {quoted(column)} <> 0"
        for table, column in facts
    )
    values = f"select distinct abs({name})::double as x from {relation} where {name} <> 0"
    total, paid, rare = con.execute(
        f"with v as ({values}), s as ({_people('v', single)})"
        " select count(*), count(s.x), count(*) filter (s.people < $1)"
        " from v left join s using (x)",
        [policy.minimum_users],
    ).fetchall()[0]
    if total < 1 or rare <= _SHARE * total or rare < min(_FEWEST, total):
        return []
    # A copy of payments has no other value. Sums among many payments have, and meet them by chance.
    if paid < total:
        chances = _chances(con, values, single, policy)
        if poisson_binomial_tail(rare, chances) >= policy.chance_alpha:
            return []
    message = "they equal single amounts that few people paid"
    return [Finding(place, "amounts of single people", rare, rare, message=message)]


def _people(values: str, single: str) -> str:
    """Query: x, people who paid it, of the amounts among `values`."""
    return (
        f"select x, count(distinct user_key) as people from ({single})"
        f" where x in (select x from {values}) group by x"
    )


def _chances(
    con: duckdb.DuckDBPyConnection, values: str, single: str, policy: Policy
) -> list[float]:
    """For each value, the part of the amounts around it that few people paid.

    Around it are the next 20 amounts on either side, in steps of the last decimal that any of the
    values has, without those that are published too: a copy must not speak for another copy.
    """
    rows = con.execute(
        f"with v as ({values}), units as (select 10.0::double ** -places as unit from range(5)"
        "  as r(places) where (select bool_and(abs(x * 10 ** places - round(x * 10 ** places))"
        "   < 1e-6 * greatest(x, 1)) from v) order by places limit 1),"
        # The amount itself is rounded, so that it is the double that its decimal is.
        " near as (select v.x as value, round(v.x + k * unit, 6) as x from v, units,"
        f"  range(-{_NEIGHBOURS}, {_NEIGHBOURS} + 1) as r(k)),"
        " others as (select * from near where x > 0 and x not in (select x from v)),"
        f" s as ({_people('others', single)})"
        " select coalesce(avg((coalesce(s.people, $1) < $1)::integer)"
        "   filter (others.x is not null), 0)"
        " from v left join others on others.value = v.x left join s on s.x = others.x group by v.x",
        [policy.minimum_users],
    ).fetchall()
    return [float(row[0]) for row in rows]
