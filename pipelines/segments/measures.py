"""Measures of a score on held-out time, each beside the simplest guess that needs no model.

What belongs here: the measures, the guesses, and the verdict. What does not: choosing the held-out
time and predicting (`holdout.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Vector = np.ndarray[Any, np.dtype[np.float64]]
    Row = tuple[str, float, float, str]

# Metric -> whether a larger value is better; None where the distance from 1 counts.
METRICS: dict[str, bool | None] = {
    "active_auc": True,
    "active_brier": False,
    "orders_mae": False,
    "orders_rmse": False,
    "orders_correlation": True,
    "orders_total_ratio": None,
    "orders_gini": True,
    "top_tenth_share_of_orders": True,
    "spend_gini": True,
    "spend_total_ratio": None,
    "top_tenth_share_of_spend": True,
    "segments_explained_share": True,
}
# Closer than this to its baseline, a score is called equal to it; errors as a part of the baseline.
_TOLERANCE = 0.01
_ERRORS = {"orders_mae", "orders_rmse", "active_brier"}


def measure_scores(buyers: pl.DataFrame, days: int) -> pl.DataFrame:
    """All measures that the outcome allows.

    Args:
        buyers: one row per buyer: repeats, recency_days, age_days, paid_repeats, mean_spend,
            lifecycle_segment and recency_score on the cut-off day; p_active, expected_orders and
            expected_spend (NULL without a spend model) as predicted; orders and spend as they came.
        days: length of the held-out time.

    Returns:
        Columns metric, value, baseline, baseline_name, verdict (better, equal, worse), users. No
        measure without an outcome: nobody or everybody bought, or nothing was spent.
    """
    import polars as pl

    rows = [*_activity(buyers), *_orders(buyers, days), *_spend(buyers, days)]
    return pl.DataFrame(
        [
            (name, float(value), float(guess), against, verdict(name, value, guess), buyers.height)
            for name, value, guess, against in rows
        ],
        schema=quality_schema(),
        orient="row",
    )


def quality_schema() -> dict[str, Any]:
    """Columns of `measure_scores`."""
    import polars as pl

    text, number = pl.String, pl.Float64
    return {
        "metric": text,
        "value": number,
        "baseline": number,
        "baseline_name": text,
        "verdict": text,
        "users": pl.Int64,
    }


def _activity(buyers: pl.DataFrame) -> list[Row]:
    """Whether the chance to buy tells buyers from others, and is right on average."""
    import numpy as np
    from sklearn.metrics import brier_score_loss, roc_auc_score

    p_active = buyers["p_active"].to_numpy()
    active = buyers["orders"].to_numpy() > 0
    if not active.any() or active.all():
        return []
    away = (buyers["age_days"] - buyers["recency_days"]).to_numpy()
    simple = {
        "days_since_last_order": float(roc_auc_score(active, -away)),
        "past_orders": float(roc_auc_score(active, buyers["repeats"].to_numpy())),
    }
    best = max(simple, key=lambda name: simple[name])
    same_for_all = np.full(len(active), active.mean())
    return [
        ("active_auc", roc_auc_score(active, p_active), simple[best], best),
        (
            "active_brier",
            brier_score_loss(active, p_active),
            brier_score_loss(active, same_for_all),
            "same_for_all",
        ),
    ]


def _orders(buyers: pl.DataFrame, days: int) -> list[Row]:
    actual, expected = buyers["orders"].to_numpy(), buyers["expected_orders"].to_numpy()
    if not actual.sum():
        return []
    past = buyers["repeats"].cast(float).to_numpy()
    rate = _continued(past, buyers, days)
    return [
        ("orders_mae", _mae(expected, actual), _mae(rate, actual), "past_rate"),
        ("orders_rmse", _rmse(expected, actual), _rmse(rate, actual), "past_rate"),
        (
            "orders_total_ratio",
            expected.sum() / actual.sum(),
            rate.sum() / actual.sum(),
            "past_rate",
        ),
        *(
            (name, how(expected, actual), how(past, actual), "past_orders")
            for name, how in (
                ("orders_correlation", _correlation),
                ("orders_gini", gini),
                ("top_tenth_share_of_orders", top_tenth),
            )
        ),
        (
            "segments_explained_share",
            _explained(buyers, "lifecycle_segment"),
            _explained(buyers, "recency_score"),
            "recency_only",
        ),
    ]


def _spend(buyers: pl.DataFrame, days: int) -> list[Row]:
    actual = buyers["spend"].to_numpy()
    if actual.sum() <= 0 or buyers["expected_spend"].is_null().all():
        return []
    expected = buyers["expected_spend"].to_numpy()
    past = (buyers["mean_spend"].fill_null(0.0) * buyers["paid_repeats"]).to_numpy()
    rate = _continued(past, buyers, days)
    return [
        ("spend_gini", gini(expected, actual), gini(past, actual), "past_spend"),
        (
            "spend_total_ratio",
            expected.sum() / actual.sum(),
            rate.sum() / actual.sum(),
            "past_rate",
        ),
        (
            "top_tenth_share_of_spend",
            top_tenth(expected, actual),
            top_tenth(past, actual),
            "past_spend",
        ),
    ]


def _continued(past: Vector, buyers: pl.DataFrame, days: int) -> Vector:
    """What somebody did per day so far, for as many days more; 0 on the first day."""
    import numpy as np

    age = buyers["age_days"].cast(float).to_numpy()
    return np.where(age > 0, past / np.maximum(age, 1), 0.0) * days


def verdict(metric: str, value: float, baseline: float) -> str:
    """Whether a score is better than the guess, equal to it, or worse."""
    better = METRICS[metric]
    if better is None:
        value, baseline, better = abs(value - 1), abs(baseline - 1), False
    gain = value - baseline if better else baseline - value
    if metric in _ERRORS:
        gain /= max(abs(baseline), 1e-12)
    return "equal" if abs(gain) < _TOLERANCE else "better" if gain > 0 else "worse"


def gini(predicted: Vector, actual: Vector) -> float:
    """Normalised Gini: how well `predicted` sorts users by `actual`; 1 is perfect, 0 is random.

    Users predicted alike count with the mean of what they did, so their order cannot matter.
    """
    best = _lorenz_area(actual, actual)
    return _lorenz_area(predicted, actual) / best if best else 0.0


def top_tenth(predicted: Vector, actual: Vector) -> float:
    """Share of `actual` that the best tenth of users by `predicted` holds; ties share alike."""
    import numpy as np

    held, people = _cumulated(predicted, actual)
    return float(np.interp(0.1 * people[-1], people, held) / held[-1])


def _lorenz_area(predicted: Vector, actual: Vector) -> float:
    import numpy as np

    held, people = _cumulated(predicted, actual)
    return float(np.trapezoid(held / held[-1], people / people[-1])) - 0.5


def _cumulated(predicted: Vector, actual: Vector) -> tuple[Vector, Vector]:
    """Actual and users added up from the best predicted group down, starting at 0."""
    import numpy as np

    _, group = np.unique(-predicted, return_inverse=True)
    held = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=actual))])
    people = np.concatenate([[0.0], np.cumsum(np.bincount(group))])
    return held, people


def _mae(predicted: Vector, actual: Vector) -> float:
    import numpy as np

    return float(np.abs(predicted - actual).mean())


def _rmse(predicted: Vector, actual: Vector) -> float:
    import numpy as np

    return float(np.sqrt(((predicted - actual) ** 2).mean()))


def _correlation(predicted: Vector, actual: Vector) -> float:
    import numpy as np

    if np.ptp(predicted) == 0 or np.ptp(actual) == 0:
        return 0.0
    return float(np.corrcoef(predicted, actual)[0, 1])


def _explained(buyers: pl.DataFrame, group: str) -> float:
    """Share of the variance of held-out orders that lies between groups (eta squared)."""
    import polars as pl

    mean = pl.col("orders").mean().over(group)
    variance = buyers["orders"].var(ddof=0)
    between = buyers.select(mean.alias("mean"))["mean"].var(ddof=0)
    return float(between / variance) if variance else 0.0
