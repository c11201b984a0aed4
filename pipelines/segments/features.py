"""What the behaviour clusters look at: at most twelve numbers per paying user.

What belongs here: the SQL of each feature over `marts.dim_users` and the reading of a fixed sample.
The same SQL feeds training and prediction, so the two can never see different numbers. What does
not: scaling and clustering (`clusters.py`).

Money and counts are logged because raw amounts make clusters of a handful of big spenders. Rates
are drawn towards the merchant's own average, as one refund out of one order is not a refund rate
of 100 %. No wallet indicator columns: they would only rediscover which wallet somebody uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.segments.lifecycle import as_of_date_sql

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# Orders (or attempts) of an average user that every user's own are mixed with.
RATE_PRIOR_STRENGTH = 10
SAMPLE_SALT = "behaviour-clusters-1"

_REFUND_RATE = "(coalesce(refunded_orders, 0) + {m} * {refund_prior}) / (orders + {m})"
_FAILURE_RATE = "(coalesce(failed_attempts, 0) + {m} * {failure_prior}) / (attempts + {m})"

# Feature -> expression over the columns prepared in `features_sql`.
FEATURES: dict[str, str] = {
    "log_recency_days": "ln(1 + recency_days)",
    "log_orders": "ln(1 + paid_orders)",
    "log_net_amount": "ln(1 + greatest(net_amount, 0))",
    "log_tenure_days": "ln(1 + tenure_days)",
    "log_median_ticket": "ln(1 + greatest(median_ticket, 0))",
    "refund_rate": _REFUND_RATE,
    "failure_rate": _FAILURE_RATE,
    "log_wallets": "ln(wallets_used)",
}


@dataclass(frozen=True)
class RatePriors:
    """Averages of all paying users that single users' rates are drawn towards (0-1)."""

    refund: float
    failure: float


def double_sql(value: float) -> str:
    """A float as an SQL literal that DuckDB reads as the same DOUBLE (never as a DECIMAL)."""
    return f"{value:.17e}"


def read_priors(con: duckdb.DuckDBPyConnection, users: str = "marts.dim_users") -> RatePriors:
    """Refunded orders per order and failed attempts per attempt over all paying users."""
    row = con.execute(
        f"""
        select
            coalesce(sum(refunded_orders)::double / nullif(sum(orders), 0), 0),
            coalesce(sum(failed_attempts)::double / nullif(sum(attempts), 0), 0)
        from {users}
        where paid_orders > 0
        """
    ).fetchall()[0]
    return RatePriors(refund=float(row[0]), failure=float(row[1]))


def features_sql(priors: RatePriors, users: str = "marts.dim_users") -> str:
    """SQL giving user_key and one DOUBLE per feature, one row per user with a paid order."""
    expressions = ",\n        ".join(
        "("
        + expression.format(
            m=double_sql(RATE_PRIOR_STRENGTH),
            refund_prior=double_sql(priors.refund),
            failure_prior=double_sql(priors.failure),
        )
        + f")::double as {name}"
        for name, expression in FEATURES.items()
    )
    today = as_of_date_sql(users)
    return f"""
    select
        user_key,
        {expressions}
    from (
        select
            user_key,
            paid_orders,
            refunded_orders,
            failed_attempts,
            coalesce(orders, paid_orders)::double as orders,
            coalesce(attempts, 0)::double as attempts,
            greatest(coalesce(wallets_used, 1), 1)::double as wallets_used,
            coalesce(net_amount, 0)::double as net_amount,
            coalesce(median_ticket, 0)::double as median_ticket,
            coalesce(date_diff('day', last_paid_date, {today}), 0)::double as recency_days,
            coalesce(date_diff('day', first_paid_date, {today}), 0)::double as tenure_days
        from {users}
        where paid_orders > 0
    )
    """


def read_sample(
    con: duckdb.DuckDBPyConnection,
    priors: RatePriors,
    rows: int,
    users: str = "marts.dim_users",
) -> pl.DataFrame:
    """Features of at most `rows` paying users, sorted by key: the same users on every run.

    Chosen by MD5 of the key, not by DuckDB's own hash, which may change between versions.
    """
    return con.sql(
        f"""
        select * exclude (user_key)
        from (
            select * from ({features_sql(priors, users)})
            order by md5_number_lower(user_key::varchar || '{SAMPLE_SALT}'), user_key
            limit {int(rows)}
        )
        order by user_key
        """
    ).pl()
