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
# Attempts of the overall rate that are added to an hour's.
STRENGTH = 200
# How many of an hour's are added to its weekday's depends on how much weekdays differ, seen in so
# many days; at least and at most so many.
WEEKDAY_DAYS, LEAST_STRENGTH, MOST_STRENGTH = 7, 200, 100_000


# What an expectation may know of: the weeks before its day.
_WEEKS_BEFORE = (
    f"range between interval {BASELINE_DAYS} days preceding and interval 1 day preceding"
)
# What those weeks held of everything, of an hour on all days, and of an hour on its weekday (a
# cell); reads `hours`.
_HISTORY = f"""
days as (
    select series, day, sum(n) as n, sum(f) as f from hours group by series, day
),
overall as (
    select
        series, day, sum(n) over days_before as n, sum(f) over days_before as f,
        min(day) over (partition by series) as first_day
    from days
    window days_before as (partition by series order by day {_WEEKS_BEFORE})
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
        same_cell as (partition by series, weekday, hour order by day {_WEEKS_BEFORE}),
        same_hour as (partition by series, hour order by day {_WEEKS_BEFORE})
)
"""
# How much a cell is drawn to its hour: one strength per series and day.
_STRENGTHS = f"""
hour_rates as (
    select
        cells.*, overall.first_day,
        (hour_f + {STRENGTH} * overall.f / overall.n) / (hour_n + {STRENGTH}) as hour_rate
    from cells
    inner join overall on cells.series = overall.series and cells.day = overall.day
    where overall.f > 0
),
-- The days of a week are seven weekdays, so their sums are over all cells.
weekdays as (
    select
        series, day,
        sum(case when cell_n > 0 then
            pow(cell_f - cell_n * hour_rate, 2) / (cell_n * hour_rate * (1 - hour_rate))
            end) as x2,
        sum(1 - cell_n / hour_n) filter (cell_n > 0) as freedom,
        sum(cell_n * (1 - cell_n / hour_n)) filter (cell_n > 0) as weight
    from hour_rates group by series, day
),
strengths as (
    select
        series, day,
        greatest({LEAST_STRENGTH}, least({MOST_STRENGTH}, coalesce(
            sum(weight) over week / greatest(sum(x2) over week - sum(freedom) over week, 0),
            {LEAST_STRENGTH}
        ))) as strength
    from weekdays
    window week as (
        partition by series order by day
        range between interval {WEEKDAY_DAYS - 1} days preceding and current row
    )
)
"""
# The rate of each hour, and how it moves from one hour to the next.
_CURVES = f"""
rates as (
    select
        hour_rates.*, strengths.strength,
        (cell_f + strength * hour_rate) / (cell_n + strength) as expected_rate,
        -- The rate errs by what weekday and hour leave open, and by the hour's own error.
        1 / (
            1 / (cell_n + strength)
            + pow(strength / (cell_n + strength), 2) / (hour_n + {STRENGTH})
        ) as base_attempts
    from hour_rates
    inner join strengths
        on hour_rates.series = strengths.series and hour_rates.day = strengths.day
    where hour_rates.day >= first_day + {WARM_UP_DAYS}
),
-- A rate that moves over the day moves within the hour too: from the middle of one hour to
-- the middle of the next in a straight line. Minutes count from the hour's first bucket.
curves as (
    select
        series, day, hour, expected_rate, base_attempts,
        coalesce(lag(expected_rate) over hourly, expected_rate) as rate_before,
        coalesce(lead(expected_rate) over hourly, expected_rate) as rate_after
    from rates
    window hourly as (
        partition by series, day order by hour
        range between 1 preceding and 1 following
    )
)
"""


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
    days, and that to the overall one: a single weekday's hour holds eight samples at most. How much
    it is drawn is learned from the weekdays themselves (empirical Bayes, beta-binomial, by
    moments): Pearson's X2 of an hour's weekdays is their degrees of freedom plus rho n when rates
    of weekdays vary by rho p (1 - p), and a strength of 1 / rho attempts is the best one. Where
    Mondays fail like Sundays an expectation has seven times the history to stand on.

    Args:
        con: connection that sees `buckets`.
        buckets: relation with the columns of `failure_buckets`, see `write_buckets`.
        minutes: length of a bucket.

    Returns:
        series, bucket_start, bucket_end (UTC), attempts, failed, expected_rate, base_attempts
        (attempts that the rate stands on), sorted; without the first `WARM_UP_DAYS` of a series.
    """
    return con.sql(
        f"""
        with hours as (
            select
                series, day, hour, isodow(day) as weekday, sum(attempts) as n, sum(failed) as f
            from {buckets}
            group by series, day, hour
        ),
        {_HISTORY},
        {_STRENGTHS},
        {_CURVES},
        placed as (
            select
                *,
                least((date_diff('minute', min(bucket_start) over (
                    partition by series, day, hour
                ), bucket_start) + {minutes / 2}) / 60, 1) as part_of_hour
            from {buckets}
        )
        select
            buckets.series,
            bucket_start,
            bucket_start + interval '{int(minutes)} minutes' as bucket_end,
            attempts::bigint as attempts,
            failed::bigint as failed,
            (case
                when part_of_hour < 0.5
                    then rate_before + (expected_rate - rate_before) * (part_of_hour + 0.5)
                else expected_rate + (rate_after - expected_rate) * (part_of_hour - 0.5)
            end)::double as expected_rate,
            base_attempts::double as base_attempts
        from placed as buckets
        inner join curves
            on buckets.series = curves.series
            and buckets.day = curves.day
            and buckets.hour = curves.hour
        order by buckets.series, bucket_start
        """
    ).pl()
