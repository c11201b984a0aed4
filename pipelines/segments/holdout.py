"""Proof: what the segments and scores of some weeks ago said, against what users then did.

What belongs here: choosing the held-out time, predicting from before it, and what each segment and
each tenth of probability then did. What does not: the models, and the measures (`measures.py`).

Everything is fitted on what was known on the cut-off day (refunds included); the days after it are
only counted. A score that is no better than counting past orders or days since the last one says
so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.segments.lifecycle import LifecycleGrid, lifecycle_sql
from pipelines.segments.lifetime import expected_purchases, p_purchase
from pipelines.segments.measures import measure_scores, quality_schema
from pipelines.segments.purchases import counts_of, orders_as_of_sql, standing_sql
from pipelines.segments.scores import PurchaseModels, ScoreRules, fit_purchase_models
from pipelines.segments.spend import expected_spend

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# Longest first: the first that leaves enough history before it is taken.
HORIZONS = (90, 30)
_BANDS = 10


@dataclass(frozen=True)
class Holdout:
    """What came of it.

    Attributes:
        cutoff: last day that was known; None when there is too little history.
        days: length of the held-out time after it.
        metrics: one row per metric: metric, value, baseline, baseline_name, verdict (better, equal,
            worse), users.
        segments: one row per lifecycle segment on the cut-off day: lifecycle_segment, users,
            predicted_active_share, actual_active_share, predicted_orders_per_user,
            actual_orders_per_user, actual_spend_per_user.
        bands: one row per tenth of probability: band (0-9), users, predicted_active_share,
            actual_active_share.
        message: what a person should know.
    """

    cutoff: date | None
    days: int
    metrics: pl.DataFrame
    segments: pl.DataFrame
    bands: pl.DataFrame
    message: str


def holdout_days(first: date | None, as_of: date | None, rules: ScoreRules) -> int | None:
    """Length of the held-out time: the longest horizon with enough history before it."""
    if first is None or as_of is None:
        return None
    history = (as_of - first).days
    return next((days for days in HORIZONS if history - days >= rules.minimum_days), None)


def evaluate(
    con: duckdb.DuckDBPyConnection,
    as_of: date,
    days: int | None,
    grid: LifecycleGrid,
    rules: ScoreRules,
) -> Holdout:
    """Predict the last `days` up to `as_of` from before them and measure.

    Args:
        con: a warehouse.
        as_of: newest day of the data.
        days: length of the held-out time; None when there is too little history.
        grid: the lifecycle grid in force.
        rules: least data of the purchase model.
    """
    if days is None:
        least = rules.minimum_days + min(HORIZONS)
        return _without_proof(
            f"No proof on held-out time yet: it takes {least} days of orders to predict the last"
            f" {min(HORIZONS)} from the {rules.minimum_days} before."
        )
    cutoff = as_of - timedelta(days=days)
    models = fit_purchase_models(con, cutoff, rules)
    users = _users(con, cutoff, as_of, grid)
    if models.buying is None:
        return _without_proof(f"No proof on held-out time: {' '.join(models.messages)}")
    users = _with_predictions(users, models, days)
    buyers = users.drop_nulls("repeats")
    return Holdout(
        cutoff,
        days,
        measure_scores(buyers, days),
        _by_segment(users),
        _by_band(buyers),
        f"segments and scores of {cutoff} against the {days} days after",
    )


def _without_proof(message: str) -> Holdout:
    import polars as pl

    shares = {"predicted_active_share": pl.Float64, "actual_active_share": pl.Float64}
    return Holdout(
        None,
        0,
        pl.DataFrame(schema=quality_schema()),
        pl.DataFrame(
            schema={"lifecycle_segment": pl.String, "users": pl.Int64}
            | shares
            | {
                "predicted_orders_per_user": pl.Float64,
                "actual_orders_per_user": pl.Float64,
                "actual_spend_per_user": pl.Float64,
            }
        ),
        pl.DataFrame(schema={"band": pl.Int64, "users": pl.Int64} | shares),
        message,
    )


def _users(
    con: duckdb.DuckDBPyConnection, cutoff: date, as_of: date, grid: LifecycleGrid
) -> pl.DataFrame:
    """Users seen by the cut-off with segment and history then, orders and spend after it."""
    return con.sql(
        f"""
        select
            then_known.lifecycle_segment,
            then_known.recency_score,
            histories.* exclude (user_key),
            coalesce(after.orders, 0)::double as orders,
            coalesce(after.spend, 0) as spend
        from ({lifecycle_sql(grid, standing_sql(cutoff))}) as then_known
        left join segment_histories as histories using (user_key)
        left join (
            select user_key, count(distinct order_date) as orders, sum(net_amount)::double as spend
            from ({orders_as_of_sql(as_of)})
            where is_kept and order_date > date '{cutoff.isoformat()}'
            group by user_key
        ) as after using (user_key)
        order by then_known.user_key
        """
    ).pl()


def _with_predictions(users: pl.DataFrame, models: PurchaseModels, days: int) -> pl.DataFrame:
    """Adds p_active, expected_orders, expected_spend; NULL for users without a purchase."""
    import polars as pl

    assert models.buying is not None  # noqa: S101 - checked by the caller
    keys = ["repeats", "recency_days", "age_days"]
    known = users.select(keys).drop_nulls().unique().sort(keys)
    counts = counts_of(known)
    history = (counts.repeats, counts.recency, counts.age)
    known = known.with_columns(
        pl.Series("p_active", p_purchase(models.buying, *history, days)),
        pl.Series("expected_orders", expected_purchases(models.buying, *history, days)),
    )
    users = users.join(known, on=keys, how="left", maintain_order="left")
    if models.spending is None:
        return users.with_columns(expected_spend=pl.lit(None, pl.Float64))
    spend = expected_spend(
        models.spending,
        users["paid_repeats"].fill_null(0).cast(pl.Float64).to_numpy(),
        users["mean_spend"].fill_null(0.0).to_numpy(),
    )
    return users.with_columns(pl.Series("_ticket", spend)).with_columns(
        expected_spend=pl.col("expected_orders") * pl.col("_ticket")
    )


def _by_segment(users: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return (
        users.group_by("lifecycle_segment")
        .agg(
            pl.len().cast(pl.Int64).alias("users"),
            pl.col("p_active").mean().alias("predicted_active_share"),
            (pl.col("orders") > 0).mean().alias("actual_active_share"),
            pl.col("expected_orders").mean().alias("predicted_orders_per_user"),
            pl.col("orders").mean().alias("actual_orders_per_user"),
            pl.col("spend").mean().alias("actual_spend_per_user"),
        )
        .sort("lifecycle_segment")
    )


def _by_band(buyers: pl.DataFrame) -> pl.DataFrame:
    """Calibration by fixed tenths of probability: equal users are always in one band."""
    import polars as pl

    band = (pl.col("p_active") * _BANDS).floor().clip(0, _BANDS - 1).cast(pl.Int64)
    return (
        buyers.group_by(band.alias("band"))
        .agg(
            pl.len().cast(pl.Int64).alias("users"),
            pl.col("p_active").mean().alias("predicted_active_share"),
            (pl.col("orders") > 0).mean().alias("actual_active_share"),
        )
        .sort("band")
    )
