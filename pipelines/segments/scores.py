"""Scores per user: chance to buy, expected orders and spend, refund, failure and discount rates.

What belongs here: fitting the models of `lifetime.py`, `spend.py` and `rates.py` on the warehouse
and writing `analysis.user_scores`. What does not: their formulas, and judging them (`holdout.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.segments.lifetime import (
    FitError,
    PurchaseModel,
    choose_model,
    expected_purchases,
    p_purchase,
)
from pipelines.segments.purchases import counts_of, histories_sql, purchase_counts
from pipelines.segments.rates import RatePrior, fit_prior, rates
from pipelines.segments.spend import LARGEST_CORRELATION, SpendModel, expected_spend, fit_spend

if TYPE_CHECKING:
    import duckdb
    import polars as pl

P_HORIZONS = (7, 30, 60, 90)
EXPECTATION_DAYS = 90

# Tag -> (cases that count, all cases), columns of marts.rpt_user_profiles; only users with cases.
RATE_TAGS: dict[str, tuple[str, str]] = {
    "refund": ("refunded_orders", "succeeded_orders"),
    # Failures that the customer caused (no money, wrong password) are not done to the customer.
    "failure": ("failed_attempts_by_others", "attempts"),
    "discount": ("discounted_payments", "billed_payments"),
}


@dataclass(frozen=True)
class ScoreRules:
    """Least data a purchase model is fitted on.

    Attributes:
        minimum_buyers: users with a paid order.
        minimum_days: days from the first purchase to the newest day.
        minimum_purchases: at least one user must have this many days with a purchase.
    """

    minimum_buyers: int = 500
    minimum_days: int = 180
    minimum_purchases: int = 3


@dataclass(frozen=True)
class PurchaseModels:
    """The models of buying as of a day; None where there is none, and `messages` say why."""

    as_of: date
    buying: PurchaseModel | None
    spending: SpendModel | None
    messages: tuple[str, ...]

    def to_json(self) -> str:
        """Both models as JSON with sorted keys."""
        content = {
            "buying": asdict(self.buying) if self.buying else None,
            "spending": asdict(self.spending) if self.spending else None,
            "time_unit": "weeks",
        }
        return json.dumps(content, sort_keys=True)


def fit_purchase_models(
    con: duckdb.DuckDBPyConnection, as_of: date, rules: ScoreRules
) -> PurchaseModels:
    """Models of how often and for how much users buy, from what was known on `as_of`.

    Makes the temporary table `segment_histories` with one row per buyer (`histories_sql`).
    """
    con.execute(
        f"create or replace temp table segment_histories as select * from ({histories_sql(as_of)})"
    )
    buyers, days, most = con.execute(
        "select count(*), coalesce(max(age_days), 0), coalesce(max(repeats), 0) + 1"
        " from segment_histories"
    ).fetchall()[0]
    if buyers < rules.minimum_buyers or days < rules.minimum_days or most < rules.minimum_purchases:
        message = (
            f"No chance to buy is predicted: {buyers} buyers over {days} days, the most active with"
            f" {most} purchase days; at least {rules.minimum_buyers} buyers, {rules.minimum_days}"
            f" days and a buyer with {rules.minimum_purchases} purchase days are needed."
        )
        return PurchaseModels(as_of, None, None, (message,))
    try:
        buying = choose_model(purchase_counts(con, "segment_histories"))
    except FitError as error:
        return PurchaseModels(as_of, None, None, (f"No chance to buy is predicted: {error}",))
    spending, spend_message = _fit_spending(con)
    messages = tuple(text for text in (buying.message, spend_message) if text)
    return PurchaseModels(as_of, buying, spending, messages)


def scored_histories(con: duckdb.DuckDBPyConnection, models: PurchaseModels) -> pl.DataFrame:
    """Predictions for every distinct history of `segment_histories`.

    Returns:
        Columns repeats, recency_days, age_days, p_buys_7_days … p_buys_90_days,
        expected_orders_90_days; empty without a model.
    """
    import polars as pl

    frame = con.sql(
        "select distinct repeats, recency_days, age_days from segment_histories order by all"
    ).pl()
    model = models.buying
    if model is None:
        frame = frame.clear()
        empty = [pl.lit(None, pl.Float64).alias(name) for name in _prediction_columns()]
        return frame.with_columns(empty)
    counts = counts_of(frame)
    history = (counts.repeats, counts.recency, counts.age)
    predictions = [p_purchase(model, *history, days) for days in P_HORIZONS]
    predictions.append(expected_purchases(model, *history, EXPECTATION_DAYS))
    named = zip(_prediction_columns(), predictions, strict=True)
    return frame.with_columns(pl.Series(name, values) for name, values in named)


def write_user_scores(
    con: duckdb.DuckDBPyConnection, models: PurchaseModels
) -> dict[str, RatePrior | None]:
    """Write `analysis.user_scores`: one row per user of `marts.dim_users`.

    Columns: user_key, as_of_date, p_buys_<7|30|60|90>_days, expected_orders_90_days,
    expected_spend_90_days (NULL without a model or without a paid order), and per tag of
    `RATE_TAGS` <tag>_rate, <tag>_rate_low, is_<tag>_prone (NULL and false without cases).

    Returns:
        The prior of each tag.
    """
    predictions = scored_histories(con, models)
    con.register("_predictions", predictions.to_arrow())
    con.register("_spend", _spend_per_purchase(con, models).to_arrow())
    priors = {tag: _register_rates(con, tag) for tag in RATE_TAGS}
    probabilities = ", ".join(f"_predictions.{name}" for name in _prediction_columns())
    tags = ", ".join(
        f"_{tag}.expected_rate as {tag}_rate, _{tag}.rate_low as {tag}_rate_low,"
        f" coalesce(_{tag}.is_prone, false) as is_{tag}_prone"
        for tag in RATE_TAGS
    )
    joins = "\n".join(
        f"left join _{tag} on _{tag}.hits = profiles.{hits} and _{tag}.cases = profiles.{cases}"
        for tag, (hits, cases) in RATE_TAGS.items()
    )
    con.execute(
        f"""
        create or replace table analysis.user_scores as
        select
            profiles.user_key,
            date '{models.as_of.isoformat()}' as as_of_date,
            {probabilities},
            _predictions.expected_orders_90_days * _spend.spend_per_purchase
                as expected_spend_90_days,
            {tags}
        from marts.rpt_user_profiles as profiles
        left join segment_histories using (user_key)
        left join _predictions using (repeats, recency_days, age_days)
        left join _spend on profiles.user_key::varchar = _spend.user_key
        {joins}
        order by profiles.user_key
        """
    )
    for name in ("_predictions", "_spend", *(f"_{tag}" for tag in RATE_TAGS)):
        con.unregister(name)
    return priors


def _prediction_columns() -> list[str]:
    horizons = [f"p_buys_{days}_days" for days in P_HORIZONS]
    return [*horizons, f"expected_orders_{EXPECTATION_DAYS}_days"]


def _fit_spending(con: duckdb.DuckDBPyConnection) -> tuple[SpendModel | None, str]:
    """The spend model, and what a person should know about it or about why there is none."""
    frame = con.sql(
        "select paid_repeats::double as repeats, mean_spend from segment_histories"
        " where paid_repeats > 0 order by all"
    ).pl()
    try:
        model = fit_spend(frame["repeats"].to_numpy(), frame["mean_spend"].to_numpy())
    except FitError as error:
        return None, f"No spend is predicted: {error}"
    if abs(model.correlation) > LARGEST_CORRELATION:
        return model, (
            f"How often and how much users buy are related (correlation {model.correlation:.2f}):"
            " expected spend is less exact."
        )
    return model, ""


def _spend_per_purchase(con: duckdb.DuckDBPyConnection, models: PurchaseModels) -> pl.DataFrame:
    """Expected spend of a purchase per buyer: user_key as text, spend_per_purchase."""
    import polars as pl

    frame = con.sql(
        "select user_key::varchar as user_key, paid_repeats::double as repeats, mean_spend"
        " from segment_histories order by user_key"
    ).pl()
    if models.spending is None:
        return frame.select("user_key", spend_per_purchase=pl.lit(None, pl.Float64))
    mean_spend = frame["mean_spend"].fill_null(0.0).to_numpy()
    spend = expected_spend(models.spending, frame["repeats"].to_numpy(), mean_spend)
    return frame.select("user_key", pl.Series("spend_per_purchase", spend))


def _register_rates(con: duckdb.DuckDBPyConnection, tag: str) -> RatePrior | None:
    hits, cases = RATE_TAGS[tag]
    counts = con.sql(
        f"select {hits} as hits, {cases} as cases, count(*)::double as users"
        f" from marts.rpt_user_profiles where {cases} > 0 group by all order by all"
    ).pl()
    arrays = (counts[name].cast(float).to_numpy() for name in ("hits", "cases", "users"))
    prior = fit_prior(*arrays)
    con.register(f"_{tag}", rates(counts, prior).to_arrow())
    return prior


def priors_json(priors: Mapping[str, RatePrior | None]) -> str:
    """The priors of all tags as JSON."""
    return json.dumps(
        {tag: asdict(prior) if prior else None for tag, prior in priors.items()}, sort_keys=True
    )
