"""Figures that are one person's value: largest, smallest, unrounded percentiles.

What belongs here: recognising them by name and by comparing marketing amounts with single payments.
What does not: sums (`dominance`), counts of people (`disclosure`).
"""

from __future__ import annotations

import re

import duckdb

from pipelines.privacy.catalogue import Column, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

_EXTREME = re.compile(r"(^|_)(max|min|maximum|minimum|largest|smallest|highest|lowest|top1)($|_)")
PERCENTILE = re.compile(r"(^|_)(median|p[0-9]{2}|percentile|quartile|quantile)($|_)")
_FEWEST = 3
_SHARE = 0.5


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
    total, rare = con.execute(
        f"with v as (select distinct abs({name})::double as x from {relation} where {name} <> 0),"
        f" s as (select x, count(distinct user_key) as people from ({single})"
        "  where x in (select x from v) group by x)"
        " select count(*), count(*) filter (s.people < $1) from v left join s using (x)",
        [policy.minimum_users],
    ).fetchall()[0]
    if total < 1 or rare <= _SHARE * total or rare < min(_FEWEST, total):
        return []
    message = "they equal single amounts that few people paid"
    return [Finding(place, "amounts of single people", rare, rare, message=message)]
