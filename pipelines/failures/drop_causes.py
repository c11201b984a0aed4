"""What is behind a drop: slices, reasons, and the mix/rate split, from one cube of attempts.

What belongs here: the cube of the two windows of a drop, and putting scan, reasons and split
together. What does not: the windows (`drops.py`), the scan itself (`cube_scan.py`), writing tables
(`drop_tables.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.failures.breakdown import NOT_RECORDED
from pipelines.failures.cube_scan import Scan, ScanRules, Slice, scan_cube
from pipelines.failures.drops import Drop, Window
from pipelines.failures.expectation import expected_failures
from pipelines.failures.mix_rate import mix_rate_sql
from pipelines.warehouse.wilson import wilson_sql

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# Fewest attempts now and earlier for a comparison to mean anything.
LEAST_ATTEMPTS = 50
# Dimension -> SQL over a row of marts.fct_payment_attempts. The most useful first: at most eight
# are searched, and those with one value, or that only repeat another, are left out.
DIMENSIONS: dict[str, str] = {
    "wallet": "wallet",
    "channel": "channel",
    "app_version": "app_version",
    "region": "region",
    "bank": "bank",
    "os": "os",
    "amount_band": "amount_band",
    "is_new_device": "is_new_device::varchar",
    "provider": "provider",
    "method": "method",
}
MOST_DIMENSIONS = 8
# Most frequent values kept per dimension; the rest are one value.
MOST_VALUES, OTHER = 20, "other"


@dataclass(frozen=True)
class Examined:
    """What is behind a drop.

    Attributes:
        drop: the windows.
        counts: attempts, failed, users, amount_failed now; base_attempts, base_failed before.
        scan: the slices that failed more than expected.
        causes: one row per slice: slice_rank, attempts, failed, expected, rate_low, rate_high,
            users, amount_failed. Slices may share attempts; each row tells all of its own.
        reasons: one row per slice and failure category: slice_rank, failure_category, failed,
            expected, users; over the categories they add up to the slice's.
        effects: the mix/rate split, see `mix_rate.mix_rate_sql`, and users: different people
            behind the failures of a value now.
    """

    drop: Drop
    counts: dict[str, float]
    scan: Scan
    causes: pl.DataFrame
    reasons: pl.DataFrame
    effects: pl.DataFrame


def examine_drop(
    con: duckdb.DuckDBPyConnection, drop: Drop, attempts: str, currency: str, rules: ScanRules
) -> Examined | None:
    """Compare the windows of a drop; None when one of them has too few attempts.

    Args:
        con: connection that sees `attempts`; temporary tables are made and dropped.
        drop: what to compare.
        attempts: relation of resolved attempts: attempted_at, is_failure, failure_category,
            user_key, amount, currency and the columns behind `DIMENSIONS`.
        currency: reporting currency; amounts in others count as none.
        rules: of the scan.
    """
    import polars as pl

    try:
        _make_attempts(con, drop, attempts, currency)
        counts = _counts(con)
        if min(counts["attempts"], counts["base_attempts"]) < LEAST_ATTEMPTS:
            return None
        dimensions = _telling_dimensions(con)
        leaves = _make_leaves(con, dimensions[:MOST_DIMENSIONS], rules)
        scan = scan_cube(con, leaves, dimensions[:MOST_DIMENSIONS], rules)
        causes, reasons = [_no_causes()], [_no_reasons()]
        for rank, item in enumerate(scan.slices, start=1):
            causes.append(_cause(con, item, rank))
            reasons.append(_reasons(con, item, rank, dimensions[:MOST_DIMENSIONS], rules))
        effects = con.sql(mix_rate_sql(f"({_leaves_sql(dimensions)})", dimensions)).pl()
        effects = effects.join(_people(con, dimensions), on=["dimension", "dimension_value"])
    finally:
        con.execute("drop table if exists drop_attempts; drop table if exists drop_leaves")
    together = (pl.concat(parts, how="vertical") for parts in (causes, reasons))
    return Examined(drop, counts, scan, *together, effects)


def _make_attempts(
    con: duckdb.DuckDBPyConnection, drop: Drop, attempts: str, currency: str
) -> None:
    """Temporary table `drop_attempts`: the attempts of all windows with bounded dimensions."""
    columns = ", ".join(
        f"coalesce({sql}, '{NOT_RECORDED}') as {name}" for name, sql in DIMENSIONS.items()
    )
    before = " or ".join(_within(window) for window in drop.before)
    con.execute(
        f"""
        create or replace temporary table drop_attempts as
        select
            {_within(drop.now)} as is_now, is_failure, user_key,
            case when is_failure then coalesce(failure_category, 'unknown') end as category,
            case when currency = '{currency}' then amount end as amount,
            {columns}
        from {attempts}
        where {_within(drop.now)} or {before}
        """
    )
    for name in DIMENSIONS:
        con.execute(
            f"""
            update drop_attempts set {name} = '{OTHER}' where {name} not in (
                select {name} from drop_attempts group by {name}
                order by count(*) desc, {name} limit {MOST_VALUES}
            )
            """
        )


def _within(window: Window) -> str:
    start, end = (f"timestamp '{moment:%Y-%m-%d %H:%M:%S}'" for moment in window)
    return f"(attempted_at >= {start} and attempted_at < {end})"


def _counts(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    relation = con.sql(
        """
        select
            count(*) filter (is_now) as attempts,
            count(*) filter (is_now and is_failure) as failed,
            count(*) filter (not is_now) as base_attempts,
            count(*) filter (not is_now and is_failure) as base_failed,
            count(distinct user_key) filter (is_now and is_failure) as users,
            coalesce(sum(amount) filter (is_now and is_failure), 0)::double as amount_failed
        from drop_attempts
        """
    )
    return dict(zip(relation.columns, relation.fetchall()[0], strict=True))


def _telling_dimensions(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Dimensions with two values or more that are not an earlier one under other names."""
    names = list(DIMENSIONS)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[:i]]
    counted = ", ".join(f"count(distinct {name})" for name in names)
    paired = ", ".join(f"count(distinct ({a}, {b}))" for a, b in pairs)
    row = con.execute(f"select {counted}, {paired} from drop_attempts").fetchall()[0]
    values = dict(zip(names, row[: len(names)], strict=True))
    together = dict(zip(pairs, row[len(names) :], strict=True))
    return [
        a
        for a in names
        if values[a] > 1
        and not any(values[a] == values[b] == n for (x, b), n in together.items() if x == a)
    ]


def _leaves_sql(dimensions: list[str]) -> str:
    return f"""
        select
            {", ".join(dimensions)},
            count(*) filter (is_now) as attempts,
            count(*) filter (is_now and is_failure) as failed,
            count(*) filter (not is_now) as base_attempts,
            count(*) filter (not is_now and is_failure) as base_failed
        from drop_attempts
        group by {", ".join(dimensions)}
    """


def _people(con: duckdb.DuckDBPyConnection, dimensions: list[str]) -> pl.DataFrame:
    """Different people behind the failures now, per dimension and value."""
    parts = " union all ".join(
        f"select '{name}' as dimension, {name} as dimension_value,"
        " count(distinct user_key) filter (is_now and is_failure) as users"
        f" from drop_attempts group by {name}"
        for name in dimensions
    )
    return con.sql(parts).pl()


def _make_leaves(
    con: duckdb.DuckDBPyConnection, dimensions: list[str], rules: ScanRules
) -> pl.DataFrame:
    """The cube's leaves; also as the temporary table `drop_leaves`, with what is expected."""
    # Sorted: floating-point sums, and so the last digits of a score, depend on the order.
    leaves = con.sql(_leaves_sql(dimensions)).pl().sort(dimensions)
    expected = expected_failures(leaves, dimensions, rules.strength, rules.prior)
    con.register("given_leaves", leaves.with_columns(expected=expected).to_arrow())
    con.execute("create or replace temporary table drop_leaves as select * from given_leaves")
    con.unregister("given_leaves")
    return leaves


def _cause(con: duckdb.DuckDBPyConnection, item: Slice, rank: int) -> pl.DataFrame:
    """One row of `Examined.causes`: all attempts of the slice, whatever other slices explain."""
    low, high = wilson_sql("failed", "attempts")
    where, values = _conditions(item)
    return con.sql(
        f"""
        with now as (
            select
                count(*) as attempts,
                count(*) filter (is_failure) as failed,
                count(distinct user_key) filter (is_failure) as users,
                coalesce(sum(amount) filter (is_failure), 0)::double as amount_failed
            from drop_attempts where is_now and {where}
        ),
        before as (
            select sum(expected) as expected from drop_leaves where {where}
        )
        select
            {rank}::integer as slice_rank, attempts, failed, expected,
            {low} as rate_low, {high} as rate_high, users, amount_failed
        from now cross join before
        """,
        params=[*values, *values],
    ).pl()


def _reasons(
    con: duckdb.DuckDBPyConnection,
    item: Slice,
    rank: int,
    dimensions: list[str],
    rules: ScanRules,
) -> pl.DataFrame:
    """Rows of `Examined.reasons`.

    A leaf's expectation is n1 (f0 + m q) / (n0 + m), see `expectation.py`. Its own failures f0 are
    known by category; the prior m q is given to categories by their share of all earlier failures.
    """
    where, values = _conditions(item)
    names = ", ".join(dimensions)
    on = " and ".join(f"leaves.{name} = attempts.{name}" for name in dimensions)
    weight = f"attempts / (base_attempts + {float(rules.strength)})"
    return con.sql(
        f"""
        with leaves as (
            select {names}, {weight} as weight, expected - base_failed * {weight} as from_prior
            from drop_leaves where {where}
        ),
        shares as (
            select category, count(*)::double / sum(count(*)) over () as share
            from drop_attempts where not is_now and is_failure group by category
        ),
        own as (
            select attempts.category, sum(leaves.weight) as expected
            from (select * from drop_attempts where not is_now and is_failure and {where})
                as attempts
            inner join leaves on {on}
            group by attempts.category
        ),
        now as (
            select category, count(*) as failed, count(distinct user_key) as users
            from drop_attempts where is_now and is_failure and {where} group by category
        )
        select
            {rank}::integer as slice_rank,
            category as failure_category,
            coalesce(now.failed, 0) as failed,
            coalesce(own.expected, 0)
                + coalesce(shares.share, 0) * (select sum(from_prior) from leaves) as expected,
            coalesce(now.users, 0) as users
        from shares
        full join own using (category)
        full join now using (category)
        order by now.failed desc nulls last, category
        """,
        params=[*values, *values, *values],
    ).pl()


def _no_causes() -> pl.DataFrame:
    import polars as pl

    counts = dict.fromkeys(("attempts", "failed"), pl.Int64)
    rates = dict.fromkeys(("expected", "rate_low", "rate_high"), pl.Float64)
    rest = {"users": pl.Int64, "amount_failed": pl.Float64}
    return pl.DataFrame(schema={"slice_rank": pl.Int32} | counts | rates | rest)


def _no_reasons() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        schema={
            "slice_rank": pl.Int32,
            "failure_category": pl.String,
            "failed": pl.Int64,
            "expected": pl.Float64,
            "users": pl.Int64,
        }
    )


def _conditions(item: Slice) -> tuple[str, list[str]]:
    return " and ".join(f"{name} = ?" for name in item.where), list(item.where.values())
