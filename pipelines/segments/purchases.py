"""What users had bought as of a day: orders net of the refunds known by then.

What belongs here: reading `marts.fct_payments` and `marts.fct_refunds` as they stood on a day, and
the counts that the models of this room are fitted on. What does not: the models, and names of
segments.

Everything that looks back (movement, retention, the proof on held-out time) goes through
`orders_as_of_sql`, so that no refund of tomorrow reaches a prediction of today. An order counts
until the day it is refunded in full; several orders of a day are one purchase.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from pipelines.segments.lifetime import PurchaseCounts


def orders_as_of_sql(as_of: date) -> str:
    """SQL giving one row per order of a known user that had begun by the end of `as_of`.

    Columns: user_key, order_date, is_succeeded, is_kept (paid and not refunded in full by then),
    net_amount (in the reporting currency, after refunds by then; 0 in other currencies).
    """
    day = f"date '{as_of.isoformat()}'"
    return f"""
    select
        payments.user_key,
        payments.business_date as order_date,
        payments.final_outcome = 'succeeded' as is_succeeded,
        payments.final_outcome = 'succeeded' and not (
            coalesce(refunds.amount, 0) > 0
            and payments.net_amount + payments.refunded_amount <= refunds.amount
        ) as is_kept,
        case
            when payments.final_outcome = 'succeeded' and payments.currency = merchant.currency
                then payments.net_amount + payments.refunded_amount - coalesce(refunds.amount, 0)
            else 0
        end as net_amount
    from marts.fct_payments as payments
    cross join (select max(currency) as currency from marts.dim_users) as merchant
    left join (
        select order_key, currency, sum(requested_amount) as amount
        from marts.fct_refunds
        where not is_orphan and refund_status <> 'failed' and business_date <= {day}
        group by all
    ) as refunds
        on payments.order_key = refunds.order_key and payments.currency = refunds.currency
    where payments.user_key is not null and not payments.is_test
        and payments.business_date <= {day}
    """


def standing_sql(as_of: date) -> str:
    """SQL giving one row per user seen by the end of `as_of`, as `marts.dim_users` stood then.

    Columns: user_key, as_of_date, first_seen_date, first_paid_date, last_paid_date, paid_orders,
    net_amount.
    """
    return f"""
    select
        user_key,
        date '{as_of.isoformat()}' as as_of_date,
        min(order_date) as first_seen_date,
        min(order_date) filter (is_succeeded) as first_paid_date,
        max(order_date) filter (is_kept) as last_paid_date,
        count(*) filter (is_kept) as paid_orders,
        sum(net_amount)::decimal(18, 4) as net_amount
    from ({orders_as_of_sql(as_of)})
    group by user_key
    """


def histories_sql(as_of: date) -> str:
    """SQL giving one row per user with a kept order: what the purchase models know of them.

    Columns: user_key, repeats (x: days with a purchase after the first), recency_days (tx: first to
    last purchase), age_days (T: first purchase to `as_of`), paid_repeats and mean_spend (repeat
    days with spend in the reporting currency, and its mean; NULL without one).
    """
    return f"""
    select
        user_key,
        count(*) - 1 as repeats,
        date_diff('day', min(day), max(day)) as recency_days,
        date_diff('day', min(day), date '{as_of.isoformat()}') as age_days,
        count(*) filter (day > first_day and spend > 0) as paid_repeats,
        -- Decimals add up alike in any order; an average of floats would depend on threads.
        sum(spend) filter (day > first_day and spend > 0)::double
            / nullif(count(*) filter (day > first_day and spend > 0), 0) as mean_spend
    from (
        select *, min(day) over (partition by user_key) as first_day
        from (
            select user_key, order_date as day, sum(net_amount) as spend
            from ({orders_as_of_sql(as_of)})
            where is_kept
            group by user_key, order_date
        )
    )
    group by user_key
    """


def purchase_counts(con: duckdb.DuckDBPyConnection, histories: str) -> PurchaseCounts:
    """Users of a relation like `histories_sql` counted by (x, tx, T), times in weeks.

    The order of rows is fixed: sums over them must not depend on threads.
    """
    frame = con.sql(
        f"""
        select repeats, recency_days, age_days, count(*) as users
        from {histories}
        group by all
        order by all
        """
    ).pl()
    return counts_of(frame)


def counts_of(frame: pl.DataFrame) -> PurchaseCounts:
    """A frame with repeats, recency_days, age_days and, if counted, users as arrays in weeks."""
    import polars as pl

    from pipelines.segments.lifetime import DAYS_PER_WEEK, PurchaseCounts

    if "users" not in frame.columns:
        frame = frame.with_columns(users=pl.lit(1))
    columns = frame.select(pl.col("repeats", "recency_days", "age_days", "users").cast(pl.Float64))
    repeats, recency, age, users = (column.to_numpy() for column in columns)
    return PurchaseCounts(repeats, recency / DAYS_PER_WEEK, age / DAYS_PER_WEEK, users)
