"""The failure rate that weekday and hour let expect, bucket by bucket.

What belongs here: cutting attempts into series and buckets, and the expected rate of each bucket
from the eight weeks before it. What does not: deciding what is too much (`detection.py`).

An expected rate only knows days before its own, so an alarm of the past does not change when new
days arrive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import polars as pl

EVERYTHING = "all"
# Shortest first; the first whose buckets hold enough attempts on average is taken.
BUCKET_MINUTES = (5, 10, 15, 30, 60)
ENOUGH_ATTEMPTS = 20
# A wallet with fewer attempts an hour has no series of its own.
LEAST_PER_HOUR = 3
BASELINE_DAYS = 56
# Days of history before the first expectation.
WARM_UP_DAYS = 14
# Attempts of the broader rate that are added to the narrower one: all to hour, hour to weekday.
STRENGTH = 200


def write_buckets(con: duckdb.DuckDBPyConnection, attempts: str) -> int:
    """Create the temporary table `failure_buckets` and return the length of a bucket in minutes.

    Series: all attempts, and each of several wallets with enough of them.

    Args:
        con: connection that sees `attempts`.
        attempts: relation with one row per resolved attempt: wallet, attempted_at (UTC),
            business_date, local_hour, is_failure.

    Columns of the table: series, bucket_start (UTC), day, hour, attempts, failed; only buckets with
    attempts. Buckets are as short as the volume allows.
    """
    hours, per_hour = con.execute(
        f"""
        select count(*), avg(attempts) from (
            select count(*) as attempts from {attempts}
            group by time_bucket(interval '1 hour', attempted_at)
        )
        """
    ).fetchall()[0]
    long_enough = (m for m in BUCKET_MINUTES if (per_hour or 0) * m / 60 >= ENOUGH_ATTEMPTS)
    minutes = next(long_enough, BUCKET_MINUTES[-1])
    con.execute(
        f"""
        create or replace temporary table failure_buckets as
        with wallets as (
            select wallet from {attempts}
            group by wallet having count(*) >= {LEAST_PER_HOUR * hours}
        ),
        series as (
            select '{EVERYTHING}' as series, attempts.* from {attempts} as attempts
            union all
            select wallet, attempts.* from {attempts} as attempts
            where wallet in (from wallets) and (select count(*) from wallets) > 1
        )
        select
            series,
            time_bucket(interval '{minutes} minutes', attempted_at) as bucket_start,
            business_date as day,
            local_hour as hour,
            count(*) as attempts,
            count(*) filter (is_failure) as failed
        from series
        group by all
        """
    )
    return minutes


def expected_buckets(con: duckdb.DuckDBPyConnection, buckets: str, minutes: int) -> pl.DataFrame:
    """Buckets and the failure rate expected of them.

    The rate of a weekday and hour over the last eight weeks is drawn to that of the hour on all
    days, and that to the overall one, as if `STRENGTH` attempts of each were added: a single
    weekday's hour holds eight samples at most.

    Args:
        con: connection that sees `buckets`.
        buckets: relation with the columns of `failure_buckets`, see `write_buckets`.
        minutes: length of a bucket.

    Returns:
        series, bucket_start, bucket_end (UTC), attempts, failed, expected_rate, base_attempts
        (attempts that the rate stands on), sorted; without the first `WARM_UP_DAYS` of a series.
    """
    window = f"range between interval {BASELINE_DAYS} days preceding and interval 1 day preceding"
    return con.sql(
        f"""
        with hours as (
            select
                series, day, hour, isodow(day) as weekday, sum(attempts) as n, sum(failed) as f
            from {buckets}
            group by series, day, hour
        ),
        days as (
            select series, day, sum(n) as n, sum(f) as f from hours group by series, day
        ),
        overall as (
            select
                series, day, sum(n) over days_before as n, sum(f) over days_before as f,
                min(day) over (partition by series) as first_day
            from days
            window days_before as (partition by series order by day {window})
        ),
        cells as (
            select
                hours.series, hours.day, hours.hour,
                coalesce(sum(hours.n) over same_cell, 0) as cell_n,
                coalesce(sum(hours.f) over same_cell, 0) as cell_f,
                coalesce(sum(hours.n) over same_hour, 0) as hour_n,
                coalesce(sum(hours.f) over same_hour, 0) as hour_f
            from hours
            window
                same_cell as (partition by series, weekday, hour order by day {window}),
                same_hour as (partition by series, hour order by day {window})
        ),
        rates as (
            select
                cells.*,
                (hour_f + {STRENGTH} * overall.f / overall.n) / (hour_n + {STRENGTH}) as hour_rate
            from cells
            inner join overall on cells.series = overall.series and cells.day = overall.day
            where overall.f > 0 and cells.day >= overall.first_day + {WARM_UP_DAYS}
        )
        select
            buckets.series,
            bucket_start,
            bucket_start + interval '{int(minutes)} minutes' as bucket_end,
            attempts::bigint as attempts,
            failed::bigint as failed,
            ((cell_f + {STRENGTH} * hour_rate) / (cell_n + {STRENGTH}))::double as expected_rate,
            (cell_n + {STRENGTH})::double as base_attempts
        from {buckets} as buckets
        inner join rates
            on buckets.series = rates.series
            and buckets.day = rates.day
            and buckets.hour = rates.hour
        order by buckets.series, bucket_start
        """
    ).pl()
