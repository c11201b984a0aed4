"""What the behaviour clusters look at: twelve numbers per paying user.

What belongs here: the SQL of each feature over `marts.dim_users` and `marts.rpt_user_profiles`, in
the unit a person thinks in, its transformation, and the reading of a fixed sample. The same SQL
feeds training and prediction, so the two can never see different numbers. What does not: scaling
and clustering (`clusters.py`).

Money, counts and days are logged because raw amounts make clusters of a handful of big spenders.
Rates are drawn towards the merchant's own average, as one refund out of one order is not a refund
rate of 100 %. No wallet indicator columns: they would only rediscover which wallet somebody uses.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from pipelines.segments.lifecycle import as_of_date_sql

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# Cases of an average user that every user's own are mixed with.
RATE_PRIOR_STRENGTH = 10
SAMPLE_SALT = "behaviour-clusters-1"


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: column in the natural unit.
        sql: expression over the prepared users of `natural_sql`.
        is_logged: whether the model sees ln(1 + value) instead of the value.
        low, high: words for users below and above the average.
    """

    name: str
    sql: str
    is_logged: bool
    low: str
    high: str

    @property
    def model_sql(self) -> str:
        """Expression over the natural column that the model sees."""
        return f"ln(1 + greatest({self.name}, 0))" if self.is_logged else self.name


def _smoothed(hits: str, cases: str, prior: str) -> str:
    return f"({hits} + {{strength}} * {{{prior}}}) / ({cases} + {{strength}})"


FEATURES: tuple[Feature, ...] = (
    Feature("recency_days", "recency_days", True, "recent", "lapsed"),
    Feature("paid_orders", "paid_orders", True, "rare", "frequent"),
    Feature("net_amount", "net_amount", True, "low spend", "high spend"),
    Feature("tenure_days", "tenure_days", True, "newcomer", "long-standing"),
    Feature("median_ticket", "median_ticket", True, "small tickets", "large tickets"),
    # How late somebody is by their own rhythm (the merchant's usual one after a single purchase).
    Feature(
        "gap_ratio",
        "recency_days / greatest(coalesce(median_gap_days, {gap_days}), 1)",
        True,
        "on rhythm",
        "overdue",
    ),
    Feature(
        "refund_rate_smoothed",
        _smoothed("refunded_orders", "succeeded_orders", "refund"),
        False,
        "few refunds",
        "refund-prone",
    ),
    Feature(
        "failure_rate_smoothed",
        _smoothed("failed_attempts", "attempts", "failure"),
        False,
        "few failures",
        "hit by failures",
    ),
    Feature(
        "discount_rate_smoothed",
        _smoothed("discounted_payments", "billed_payments", "discount"),
        False,
        "full price",
        "discount seeker",
    ),
    Feature(
        "active_month_share",
        "active_months / (1 + floor(tenure_days / 30.4375))",
        False,
        "occasional",
        "every month",
    ),
    Feature(
        "weekend_share_smoothed",
        _smoothed("coalesce(weekend_order_share, 0) * paid_orders", "paid_orders", "weekend"),
        False,
        "weekdays",
        "weekends",
    ),
    Feature(
        "wallet_entropy", "coalesce(wallet_entropy, 0)", False, "single wallet", "several wallets"
    ),
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class FeaturePriors:
    """Averages of all paying users that single users' rates are drawn towards (0-1), and a gap.

    Attributes:
        refund: refunded orders per paid order.
        failure: failed attempts per attempt.
        discount: discounted payments per billed payment.
        weekend: weekend orders per paid order.
        gap_days: median of the users' median days between purchases.
    """

    refund: float
    failure: float
    discount: float
    weekend: float
    gap_days: float


def double_sql(value: float) -> str:
    """A float as an SQL literal that DuckDB reads as the same DOUBLE (never as a DECIMAL)."""
    return f"{value:.17e}"


def read_priors(con: duckdb.DuckDBPyConnection) -> FeaturePriors:
    """The averages as the warehouse holds them now."""
    row = con.execute(
        """
        select
            coalesce(sum(profiles.refunded_orders) / nullif(sum(profiles.succeeded_orders), 0), 0),
            coalesce(sum(users.failed_attempts) / nullif(sum(users.attempts), 0), 0),
            coalesce(
                sum(profiles.discounted_payments) / nullif(sum(profiles.billed_payments), 0), 0
            ),
            -- Shares are added in a fixed order: threads must not change the last digit.
            coalesce(
                sum(round(profiles.weekend_order_share * users.paid_orders)::bigint)
                    / nullif(sum(users.paid_orders), 0), 0
            ),
            coalesce(median(profiles.median_gap_days), 30)
        from marts.dim_users as users
        inner join marts.rpt_user_profiles as profiles using (user_key)
        where users.paid_orders > 0
        """
    ).fetchall()[0]
    return FeaturePriors(*(float(value) for value in row))


def natural_sql(priors: FeaturePriors) -> str:
    """SQL giving user_key and one DOUBLE per feature in its natural unit, per paying user."""
    values = {field.name: double_sql(getattr(priors, field.name)) for field in fields(priors)}
    expressions = ",\n        ".join(
        f"({feature.sql.format(strength=double_sql(RATE_PRIOR_STRENGTH), **values)})::double"
        f" as {feature.name}"
        for feature in FEATURES
    )
    today = as_of_date_sql()
    return f"""
    select
        user_key,
        {expressions}
    from (
        select
            users.user_key,
            users.paid_orders::double as paid_orders,
            coalesce(users.failed_attempts, 0)::double as failed_attempts,
            coalesce(users.attempts, 0)::double as attempts,
            coalesce(users.net_amount, 0)::double as net_amount,
            coalesce(users.median_ticket, 0)::double as median_ticket,
            coalesce(date_diff('day', users.last_paid_date, {today}), 0)::double as recency_days,
            coalesce(date_diff('day', users.first_paid_date, {today}), 0)::double as tenure_days,
            profiles.succeeded_orders::double as succeeded_orders,
            profiles.refunded_orders::double as refunded_orders,
            profiles.discounted_payments::double as discounted_payments,
            profiles.billed_payments::double as billed_payments,
            profiles.active_months::double as active_months,
            profiles.median_gap_days,
            profiles.weekend_order_share,
            profiles.wallet_entropy
        from marts.dim_users as users
        inner join marts.rpt_user_profiles as profiles using (user_key)
        where users.paid_orders > 0
    )
    """


def read_sample(con: duckdb.DuckDBPyConnection, priors: FeaturePriors, rows: int) -> pl.DataFrame:
    """Natural features of at most `rows` paying users, sorted by key: the same users on every run.

    Chosen by MD5 of the key, not by DuckDB's own hash, which may change between versions.
    """
    return con.sql(
        f"""
        select * exclude (user_key)
        from (
            select * from ({natural_sql(priors)})
            order by md5_number_lower(user_key::varchar || '{SAMPLE_SALT}'), user_key
            limit {int(rows)}
        )
        order by user_key
        """
    ).pl()


def transformed(natural: pl.DataFrame) -> pl.DataFrame:
    """A frame of natural features as the model sees them (`Feature.model_sql` in polars)."""
    import polars as pl

    return natural.select(
        pl.col(feature.name).clip(lower_bound=0).add(1).log()
        if feature.is_logged
        else pl.col(feature.name)
        for feature in FEATURES
        if feature.name in natural.columns
    )


def priors_dict(priors: FeaturePriors) -> dict[str, float]:
    """The priors as plain numbers."""
    return asdict(priors)
