"""Alarms and what is behind them, as tables written whole on every run.

What belongs here: `analysis.failure_alarms`, `failure_drops`, `failure_root_causes`,
`failure_root_cause_reasons` and `failure_mix_rate`, and what the Dagster UI says about them. What
does not: how anything is found (`detection.py`, `drops.py`, `drop_causes.py`).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipelines.failures.baseline import expected_buckets, write_buckets
from pipelines.failures.cube_scan import ScanRules
from pipelines.failures.detection import Alarm, DetectionRules, find_alarms
from pipelines.failures.drop_causes import Examined, examine_drop
from pipelines.failures.drops import alarm_id, drops_to_examine, merge_alarms
from pipelines.warehouse.connect import all_or_nothing

if TYPE_CHECKING:
    import duckdb

RESOLVED = "resolved_attempts"

TABLES = {
    "failure_alarms": """
        alarm_id varchar, series varchar, chart varchar, raised_at timestamp, started_at timestamp,
        ended_at timestamp, business_date date, score double, score_limit double, attempts bigint,
        failed bigint, expected double, users bigint, amount_failed double, currency varchar,
        is_main boolean
    """,
    "failure_drops": """
        drop_id varchar, kind varchar, started_at timestamp, ended_at timestamp,
        business_date date, attempts bigint, failed bigint, users bigint, failure_rate double,
        base_attempts bigint, base_failed bigint, base_failure_rate double, change double,
        expected double, p_value double, slices integer, amount_failed double, currency varchar
    """,
    "failure_root_causes": """
        drop_id varchar, slice_rank integer, slice varchar, attempts bigint, failed bigint,
        expected double, failure_rate double, failure_rate_low double, failure_rate_high double,
        expected_rate double, share_of_excess double, llr double, p_value double,
        main_reason varchar, users bigint, amount_failed double, amount_excess double,
        currency varchar, related_slices varchar
    """,
    "failure_root_cause_reasons": """
        drop_id varchar, slice_rank integer, failure_category varchar, failed bigint,
        expected double, users bigint
    """,
    "failure_mix_rate": """
        drop_id varchar, dimension varchar, dimension_value varchar, attempts double, failed double,
        base_attempts double, base_failed double, rate_effect double, mix_effect double,
        users bigint
    """,
}


def write_drops(
    con: duckdb.DuckDBPyConnection,
    currency: str,
    detection: DetectionRules,
    scan: ScanRules,
) -> tuple[list[Alarm], list[Examined]]:
    """Find alarms, look into drops and replace the five tables in one transaction.

    Args:
        con: read-write connection to the warehouse.
        currency: reporting currency of the amounts.
        detection: what raises an alarm.
        scan: how causes are looked for.

    Returns:
        All alarms, and the drops that were looked into.
    """
    con.execute(_resolved_attempts_sql())
    try:
        alarms, examined = _look(con, currency, detection, scan)
        with all_or_nothing(con):
            create_tables(con)
            _insert_alarms(con, alarms, currency)
            for drop in examined:
                _insert_drop(con, drop, currency)
            _round_doubles(con)
    finally:
        con.execute(f"drop view if exists {RESOLVED}; drop table if exists failure_buckets")
    return alarms, examined


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Replace the five tables by empty ones."""
    con.execute("create schema if not exists analysis")
    for table, columns in TABLES.items():
        con.execute(f"create or replace table analysis.{table} ({columns})")


def _round_doubles(con: duckdb.DuckDBPyConnection) -> None:
    """Keep twelve digits of each double.

    They come from sums over buckets and slices, whose last digits depend on the order in which rows
    lie in the warehouse: the same attempts in another order of arrival would give other tables.
    """
    for table, columns in TABLES.items():
        doubles = re.findall(r"(\w+) double", columns)
        rounded = ", ".join(f"{name} = format('{{:.11e}}', {name})::double" for name in doubles)
        con.execute(f"update analysis.{table} set {rounded}")


def _resolved_attempts_sql() -> str:
    return f"""
        create or replace temporary view {RESOLVED} as
        select *, resolved_outcome = 'failed' as is_failure
        from marts.fct_payment_attempts
        where not coalesce(is_test, false) and resolved_outcome in ('succeeded', 'failed')
    """


def _look(
    con: duckdb.DuckDBPyConnection, currency: str, detection: DetectionRules, scan: ScanRules
) -> tuple[list[Alarm], list[Examined]]:
    newest = _end_of_data(con)
    if newest is None:
        return [], []
    minutes = write_buckets(con, RESOLVED)
    alarms = find_alarms(expected_buckets(con, "failure_buckets", minutes), detection)
    looked_into = (
        examine_drop(con, drop, RESOLVED, currency, scan)
        for drop in drops_to_examine(alarms, newest)
    )
    return alarms, [examined for examined in looked_into if examined is not None]


def _end_of_data(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """Midnight, in UTC, after the newest business day."""
    row = con.execute(
        f"""
        select
            date_trunc('hour', max(attempted_at))
                + to_hours(24 - max_by(local_hour, attempted_at))
        from {RESOLVED}
        """
    ).fetchall()[0]
    return row[0]


def _insert_alarms(con: duckdb.DuckDBPyConnection, alarms: list[Alarm], currency: str) -> None:
    main = {alarm_id(alarm) for alarm in merge_alarms(alarms)}
    for alarm in alarms:
        con.execute(
            f"""
            insert into analysis.failure_alarms
            select
                ?, ?, ?, ?, ?, ?, min(business_date), ?, ?, ?, ?, ?,
                count(distinct user_key) filter (is_failure),
                coalesce(sum(amount) filter (is_failure and currency = ?), 0)::double, ?, ?
            from {RESOLVED}
            where attempted_at >= ? and attempted_at < ? and (? = 'all' or wallet = ?)
            """,
            [
                alarm_id(alarm), alarm.series, alarm.chart, alarm.raised_at, alarm.started_at,
                alarm.ended_at, alarm.score, alarm.limit, alarm.attempts, alarm.failed,
                alarm.expected, currency, currency, alarm_id(alarm) in main,
                alarm.started_at, alarm.ended_at, alarm.series, alarm.series,
            ],
        )  # fmt: skip


def _insert_drop(con: duckdb.DuckDBPyConnection, examined: Examined, currency: str) -> None:
    drop_id, counts = examined.drop.drop_id, examined.counts
    start, end = examined.drop.now
    con.execute(
        f"""
        insert into analysis.failure_drops
        select
            ?, ?, ?, ?, min(business_date), attempts, failed, users, failed / attempts,
            base_attempts, base_failed, base_failed / base_attempts,
            failed / attempts - base_failed / base_attempts, ?, ?, ?, amount_failed, ?
        from {RESOLVED}, (select
            ?::bigint as attempts, ?::bigint as failed, ?::bigint as users,
            ?::bigint as base_attempts, ?::bigint as base_failed, ?::double as amount_failed)
        where attempted_at >= ? and attempted_at < ?
        group by all
        """,
        [
            drop_id, examined.drop.kind, start, end, examined.scan.expected, examined.scan.p_value,
            len(examined.scan.slices), currency, counts["attempts"], counts["failed"],
            counts["users"], counts["base_attempts"], counts["base_failed"],
            counts["amount_failed"], start, end,
        ],
    )  # fmt: skip
    for table, frame in _frames(examined, currency).items():
        if frame.is_empty():
            continue
        con.register("given_rows", frame.to_arrow())
        con.execute(f"insert into analysis.{table} by name select * from given_rows")
        con.unregister("given_rows")


def _frames(examined: Examined, currency: str) -> dict[str, Any]:
    """Rows of the three tables about one drop."""
    import polars as pl

    drop_id = pl.lit(examined.drop.drop_id).alias("drop_id")
    slices = examined.scan.slices
    excess = pl.col("failed") - pl.col("expected")
    whole = max(examined.scan.failed - examined.scan.expected, 0.0)
    main = (
        examined.reasons.sort(excess, "failure_category", descending=[True, False])
        .group_by("slice_rank", maintain_order=True)
        .agg(main_reason=pl.col("failure_category").first())
    )
    causes = examined.causes.join(main, on="slice_rank", how="left").select(
        drop_id,
        "slice_rank",
        pl.Series("slice", [slice_text(item.where) for item in slices], dtype=pl.String),
        "attempts",
        "failed",
        "expected",
        failure_rate=pl.col("failed") / pl.col("attempts"),
        failure_rate_low="rate_low",
        failure_rate_high="rate_high",
        expected_rate=pl.col("expected") / pl.col("attempts"),
        share_of_excess=excess / whole if whole else None,
        llr=pl.Series([item.llr for item in slices], dtype=pl.Float64),
        p_value=pl.Series([item.p_value for item in slices], dtype=pl.Float64),
        main_reason="main_reason",
        users="users",
        amount_failed="amount_failed",
        amount_excess=pl.col("amount_failed") * (excess / pl.col("failed")).clip(0),
        currency=pl.lit(currency),
        related_slices=pl.Series(
            ["; ".join(slice_text(where) for where in item.folded) for item in slices],
            dtype=pl.String,
        ),
    )
    return {
        "failure_root_causes": causes,
        "failure_root_cause_reasons": examined.reasons.select(drop_id, pl.all()),
        "failure_mix_rate": examined.effects.select(drop_id, pl.all()),
    }


def slice_text(where: dict[str, str]) -> str:
    """A slice as text: `channel=app & wallet=wechat_pay`, dimensions in alphabetical order."""
    return " & ".join(f"{name}={value}" for name, value in sorted(where.items()))


def drops_markdown(con: duckdb.DuckDBPyConnection, minimum_users: int) -> str:
    """What is behind each drop as markdown; slices with fewer than `minimum_users` are left out."""
    rows = con.execute(
        """
        select
            drop_id, slice, causes.failed, causes.expected, causes.failure_rate, main_reason,
            causes.p_value
        from analysis.failure_root_causes as causes
        inner join analysis.failure_drops using (drop_id)
        where causes.users >= ?
        order by failure_drops.started_at desc, slice_rank
        """,
        [minimum_users],
    ).fetchall()
    lines = [
        f"| {drop} | {where} | {failed} | {expected:.1f} | {rate:.1%} | {reason} | {p:.3f} |"
        for drop, where, failed, expected, rate, reason, p in rows
    ]
    head = [
        "| drop | slice | failed | expected | rate | reason | p |",
        "|---|---|---:|---:|---:|---|---:|",
    ]
    return "\n".join([*head, *lines]) if lines else "No slice failed more than expected."


def failed_by_day(con: duckdb.DuckDBPyConnection) -> list[tuple[date, int]]:
    """Failed attempts by business date, test traffic left out."""
    return con.execute(
        """
        select business_date, count(*) from marts.fct_payment_attempts
        where resolved_outcome = 'failed' and not is_test and business_date is not null
        group by business_date
        """
    ).fetchall()


def recent_alarms_markdown(
    con: duckdb.DuckDBPyConnection, minimum_users: int, days: int = 7
) -> tuple[int, str]:
    """Number of alarms raised in the newest `days` of data, and a table of them.

    Of an alarm behind which there are fewer than `minimum_users` people no counts are shown.
    """
    rows = con.execute(
        f"""
        select
            alarm_id, raised_at, case when users >= ? then failed end,
            case when users >= ? then expected end
        from analysis.failure_alarms
        where raised_at > (
            select max(attempted_at) - interval {int(days)} days from marts.fct_payment_attempts
        )
        order by raised_at desc
        """,
        [minimum_users, minimum_users],
    ).fetchall()
    if not rows:
        return 0, "none"
    lines = [
        f"| {name} | {at:%Y-%m-%d %H:%M} | {failed or '-'} | {expected or 0:.1f} |"
        for name, at, failed, expected in rows
    ]
    head = ["| alarm | raised (UTC) | failed | expected |", "|---|---|---:|---:|"]
    return len(rows), "\n".join([*head, *lines])
