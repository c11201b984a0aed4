"""How users move: their segment at every month's end, changes from month to month, cohorts.

What belongs here: `analysis.segment_history`, `analysis.segment_movement` and
`analysis.cohort_retention`. What does not: today's segments (`tables.py`).

All months are named under the thresholds in force, from the orders as they stood at each month's
end: a change of definition never looks like movement, and a rebuild gives the same history.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.segments.lifecycle import lifecycle_sql
from pipelines.segments.purchases import orders_as_of_sql, standing_sql
from pipelines.segments.thresholds import Thresholds, value_tier_sql

if TYPE_CHECKING:
    import duckdb

# Month ends that are kept: a year of movement.
MONTHS = 13
NOT_SEEN_YET = "not_seen_yet"


def month_ends(first: date | None, last: date | None, most: int = MONTHS) -> list[date]:
    """The newest complete months' last days between two dates, oldest first."""
    found: list[date] = []
    day = last
    while first is not None and day is not None and len(found) < most:
        end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        if end <= (last or end) and end >= first:
            found.append(end)
        day = day.replace(day=1) - timedelta(days=1)
        if day < first:
            break
    return found[::-1]


def write_movement(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    first: date | None,
    as_of: date | None,
) -> int:
    """Write the three tables; returns the number of month ends.

    segment_history: user_key, month_end, lifecycle_segment, value_tier; one row per user seen by
    then. segment_movement: month_end, from_segment (`not_seen_yet` for newcomers), to_segment,
    users.
    cohort_retention: cohort_month (of the first paid order), months_since, cohort_users, users
    (with a paid order in that month).
    """
    ends = month_ends(first, as_of)
    con.execute(
        """
        create or replace table analysis.segment_history (
            user_key uuid, month_end date, lifecycle_segment varchar, value_tier varchar
        )
        """
    )
    for end in ends:
        tier = value_tier_sql("net_amount", "(paid_orders > 0)", thresholds)
        con.execute(
            f"""
            insert into analysis.segment_history
            select user_key, as_of_date, lifecycle_segment, {tier}
            from ({lifecycle_sql(thresholds.grid, standing_sql(end))})
            """
        )
    con.execute(
        f"""
        create or replace table analysis.segment_movement as
        with months as (
            select distinct month_end from analysis.segment_history
        ),
        steps as (
            select month_end, lag(month_end) over (order by month_end) as before_end from months
        )
        select
            steps.month_end,
            coalesce(before.lifecycle_segment, '{NOT_SEEN_YET}') as from_segment,
            now.lifecycle_segment as to_segment,
            count(*)::bigint as users
        from steps
        inner join analysis.segment_history as now on now.month_end = steps.month_end
        left join analysis.segment_history as before
            on before.month_end = steps.before_end and before.user_key = now.user_key
        where steps.before_end is not null
        group by all
        order by all
        """
    )
    _write_retention(con, as_of)
    return len(ends)


def _write_retention(con: duckdb.DuckDBPyConnection, as_of: date | None) -> None:
    """Only complete months count: a month still running would look like a fall."""
    day = as_of or date(1970, 1, 1)
    con.execute(
        f"""
        create or replace table analysis.cohort_retention as
        with purchases as (
            select distinct user_key, date_trunc('month', order_date)::date as month
            from ({orders_as_of_sql(day)})
            where is_kept and last_day(order_date) <= date '{day.isoformat()}'
        ),
        cohorts as (
            select user_key, min(month) as cohort_month from purchases group by user_key
        ),
        sizes as (
            select cohort_month, count(*) as cohort_users from cohorts group by cohort_month
        )
        select
            cohorts.cohort_month,
            date_diff('month', cohorts.cohort_month, purchases.month)::integer as months_since,
            max(sizes.cohort_users)::bigint as cohort_users,
            count(*)::bigint as users
        from purchases
        inner join cohorts using (user_key)
        inner join sizes using (cohort_month)
        group by cohorts.cohort_month, purchases.month
        order by all
        """
    )
