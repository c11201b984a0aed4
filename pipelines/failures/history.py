"""What was known before each payment attempt: the rows that `drivers.py` learns from.

What belongs here: the features in SQL, the split in time and the sampling. What does not: encoding
and models.

Never a column that is only known afterwards: no error code, provider state, latency, step-up result
or final outcome. The user's earlier failures are counted as they were logged at the time; that a
bill later confirmed one of them as paid could not be known yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import polars as pl

CATEGORICAL = ("wallet", "provider", "channel", "os", "app_version", "region", "bank", "language")
NUMERIC = (
    "amount",
    "local_hour",
    "weekday",
    "is_new_device",
    "attempt_number",
    "previous_failures",
)
FEATURES = NUMERIC + CATEGORICAL
PREVIOUS_FAILURES_DAYS = 30

_SAMPLE_SALT = "failure-drivers-1"


@dataclass(frozen=True)
class TimeSplit:
    """Whole business days: training up to `trained_to`, testing from `tested_from` on."""

    trained_from: date
    trained_to: date
    tested_from: date
    tested_to: date


def prepare_attempts(con: duckdb.DuckDBPyConnection, currency: str) -> int:
    """Create the temporary table `known_before` and return its number of rows.

    One row per resolved attempt, test traffic excluded: attempt_key, order_key, business_date,
    is_failure and the columns of `FEATURES`. `amount` is NULL in other currencies than `currency`,
    where the same number means another value. `previous_failures` counts the user's failed attempts
    of the 30 days strictly before this one (same instant excluded), NULL for an unknown user.
    """
    if not (len(currency) == 3 and currency.isalpha()):
        raise ValueError(f"currency must be an ISO 4217 code such as CNY, got {currency!r}")
    con.execute(
        f"""
        create or replace temporary table known_before as
        select
            attempt_key,
            order_key,
            business_date,
            resolved_outcome = 'failed' as is_failure,
            case when currency = '{currency}' then amount end::double as amount,
            local_hour::double as local_hour,
            isodow(business_date)::double as weekday,
            is_new_device::integer::double as is_new_device,
            attempt_number::double as attempt_number,
            previous_failures::double as previous_failures,
            {", ".join(CATEGORICAL)}
        from (
            select
                *,
                case
                    when user_key is not null then count(*) filter (outcome = 'failed') over (
                        partition by user_key
                        order by attempted_at
                        range between interval {PREVIOUS_FAILURES_DAYS} days preceding
                            and interval 1 microsecond preceding
                    )
                end as previous_failures
            from marts.fct_payment_attempts
            where not coalesce(is_test, false)
        )
        where resolved_outcome in ('succeeded', 'failed')
        """
    )
    return con.execute("select count(*) from known_before").fetchall()[0][0]


def split_in_time(con: duckdb.DuckDBPyConnection, train_share: float = 0.75) -> TimeSplit | None:
    """Cut `known_before` between two business days, about `train_share` of the rows before the cut.

    Returns None when there are fewer than two days. No day is on both sides.
    """
    row = con.execute(
        f"""
        with days as (
            select business_date as day, count(*) as attempts from known_before
            where business_date is not null group by business_date
        ),
        running as (
            select
                day,
                lead(day) over (order by day) as next_day,
                sum(attempts) over (order by day)::double / sum(attempts) over () as share
            from days
        )
        select
            (select min(day) from days), day, next_day, (select max(day) from days)
        from running
        where next_day is not null
        order by abs(share - {float(train_share)}), day
        limit 1
        """
    ).fetchall()
    return TimeSplit(*row[0]) if row else None


def read_attempts(
    con: duckdb.DuckDBPyConnection, first: date, last: date, rows: int
) -> pl.DataFrame:
    """At most `rows` attempts of `known_before` from day `first` to `last`, the same on every run.

    Chosen by MD5 of the attempt key and sorted by key. Columns: is_failure, order_key (as text) and
    `FEATURES`.
    """
    return con.sql(
        f"""
        select is_failure, order_key::varchar as order_key, {", ".join(FEATURES)}
        from (
            select * from known_before
            where business_date between date '{first:%Y-%m-%d}' and date '{last:%Y-%m-%d}'
            order by md5_number_lower(attempt_key::varchar || '{_SAMPLE_SALT}'), attempt_key
            limit {int(rows)}
        )
        order by attempt_key
        """
    ).pl()
