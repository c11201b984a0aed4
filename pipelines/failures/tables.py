"""The room's tables that are one query or one model, written as a whole on every run.

What belongs here: `analysis.failure_breakdown`, `failure_advice`, `refund_breakdown`,
`failure_drivers`, `failure_driver_effects`, `failure_driver_model`, and what the Dagster UI says
about them. What does not: how they are computed, and the tables about drops (`drop_tables.py`).
"""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from pipelines.failures.advice import advice_sql
from pipelines.failures.breakdown import ALL, breakdown_sql
from pipelines.failures.drivers import (
    METRICS,
    DriverResult,
    DriverRules,
    fit_drivers,
    no_model,
)
from pipelines.failures.history import prepare_attempts, read_attempts, split_in_time
from pipelines.failures.refunds import refunds_sql
from pipelines.warehouse.connect import all_or_nothing

if TYPE_CHECKING:
    import duckdb


def write_breakdown(con: duckdb.DuckDBPyConnection, currency: str) -> int:
    """Replace `analysis.failure_breakdown`; returns its number of rows."""
    con.execute("create schema if not exists analysis")
    con.execute(f"create or replace table analysis.failure_breakdown as {breakdown_sql(currency)}")
    return con.execute("select count(*) from analysis.failure_breakdown").fetchall()[0][0]


def write_advice(con: duckdb.DuckDBPyConnection, currency: str) -> int:
    """Replace `analysis.failure_advice`; returns its number of rows."""
    con.execute("create schema if not exists analysis")
    con.execute(f"create or replace table analysis.failure_advice as {advice_sql(currency)}")
    return con.table("analysis.failure_advice").shape[0]


def write_refunds(con: duckdb.DuckDBPyConnection, currency: str) -> int:
    """Replace `analysis.refund_breakdown`; returns its number of rows."""
    con.execute("create schema if not exists analysis")
    con.execute(f"create or replace table analysis.refund_breakdown as {refunds_sql(currency)}")
    return con.table("analysis.refund_breakdown").shape[0]


def analyse_drivers(
    con: duckdb.DuckDBPyConnection, currency: str, rules: DriverRules
) -> DriverResult | None:
    """Fit and judge the model of failures; None when there is not a single resolved attempt."""
    try:
        if not prepare_attempts(con, currency):
            return None
        split = split_in_time(con)
        if split is None:
            return no_model("Too little data for a model of failures: all attempts are of one day.")
        train = read_attempts(con, split.trained_from, split.trained_to, rules.train_rows)
        test = read_attempts(con, split.tested_from, split.tested_to, rules.test_rows)
    finally:
        con.execute("drop table if exists known_before")
    return fit_drivers(train, test, split, rules)


def write_drivers(con: duckdb.DuckDBPyConnection, result: DriverResult | None) -> None:
    """Replace `analysis.failure_drivers`, `_effects` and `failure_driver_model` in one transaction.

    Without a usable model the first two are empty and the last says why, with NULL for metrics that
    could not be measured; without any attempt all are empty.
    """
    con.execute("create schema if not exists analysis")
    with all_or_nothing(con):
        con.execute(
            """
            create or replace table analysis.failure_drivers (
                feature varchar, importance_mean double, importance_sd double, rank integer
            )
            """
        )
        con.execute(
            """
            create or replace table analysis.failure_driver_effects (
                kind varchar, feature varchar, value varchar, reference varchar, estimate double,
                low double, high double, attempts bigint
            )
            """
        )
        con.execute(
            """
            create or replace table analysis.failure_driver_model (
                model_id varchar, metric varchar, value double, baseline_constant double,
                baseline_lookup double, is_usable boolean, message varchar,
                trained_from date, trained_to date, tested_from date, tested_to date
            )
            """
        )
        if result is not None:
            _insert_drivers(con, result)


def _insert_drivers(con: duckdb.DuckDBPyConnection, result: DriverResult) -> None:
    if result.importances:
        con.executemany(
            "insert into analysis.failure_drivers values (?, ?, ?, ?)",
            [
                (item.feature, item.mean, item.sd, rank)
                for rank, item in enumerate(result.importances, start=1)
            ],
        )
    if result.effects:
        con.executemany(
            "insert into analysis.failure_driver_effects values (?, ?, ?, ?, ?, ?, ?, ?)",
            [astuple(item) for item in result.effects],
        )
    split = result.split
    days = (
        (split.trained_from, split.trained_to, split.tested_from, split.tested_to)
        if split
        else (None,) * 4
    )
    rows = []
    for name in METRICS:
        metric = result.metrics.get(name)
        values = (
            (metric.value, metric.baseline_constant, metric.baseline_lookup)
            if metric
            else (None,) * 3
        )
        rows.append((result.model_id, name, *values, result.is_usable, result.message, *days))
    con.executemany(
        f"insert into analysis.failure_driver_model values ({', '.join('?' * 11)})", rows
    )


def top_causes_markdown(con: duckdb.DuckDBPyConnection, minimum_users: int, rows: int = 10) -> str:
    """The most frequent causes as markdown; causes behind fewer than `minimum_users` are left out.

    The number of causes left out is said below the table, not which.
    """
    causes = con.execute(
        f"""
        select failure_category, failed, share_of_failures, amount_lost, currency, users
        from analysis.failure_breakdown
        where dimension = '{ALL}' and failure_category <> '{ALL}'
        order by failed desc, failure_category
        """
    ).fetchall()
    shown = [cause for cause in causes if cause[5] >= minimum_users]
    lines = [
        f"| {name} | {failed} | {share or 0:.1%} | {lost:,.2f} {currency} |"
        for name, failed, share, lost, currency, _ in shown[:rows]
    ]
    table = "\n".join(
        ["| cause | failed attempts | share | lost |", "|---|---:|---:|---:|", *lines]
    )
    hidden = len(causes) - len(shown)
    return table + (f"\n\n{hidden} causes with <{minimum_users} users not shown" if hidden else "")
