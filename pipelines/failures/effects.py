"""How failures go with each value: odds ratios, partial dependence, calibration.

What belongs here: the readable companion of the model in `drivers.py`. What does not: whether any
of it may be shown (`drivers.py` decides by the AUC), and the rows (`history.py`).

Odds ratios come from a logistic regression with an L2 penalty on one-hot values, each against the
most frequent value of its feature. They hold the other features still, so they say "compared with
otherwise equal attempts", not "because of"; features that nearly repeat one another (a channel and
its app versions) share their effect. Attempts of one order are not independent: intervals are
cluster-robust by order (Liang and Zeger 1986, Biometrika 73).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipelines.failures.history import CATEGORICAL

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["odds_ratio", "partial_dependence", "calibration"]

# Values with fewer attempts are left to the reference: their odds would be noise.
LEAST_ATTEMPTS = 200
# Inverse strength of the penalty: weak, it only keeps odds of rare values finite.
_PENALTY = 1.0
_Z = 1.959963984540054
CALIBRATION_BINS = 10

# Numbers as values, so that odds need no straight line: column -> (value, condition) in order.
_BANDS: dict[str, tuple[tuple[str, float], ...]] = {
    "amount": (
        ("0-50", 50),
        ("50-200", 200),
        ("200-500", 500),
        ("500-2000", 2000),
        ("2000+", 1e18),
    ),
    "local_hour": (("00-05", 6), ("06-11", 12), ("12-17", 18), ("18-23", 24)),
    "weekday": (("workday", 6), ("weekend", 8)),
    "attempt_number": (("1", 2), ("2", 3), ("3+", 1e9)),
    "previous_failures": (("0", 1), ("1", 2), ("2+", 1e9)),
    "is_new_device": (("false", 1), ("true", 2)),
}


@dataclass(frozen=True)
class Effect:
    """One value of one feature.

    `estimate` is an odds ratio against `reference`, the mean predicted failure rate with every
    attempt given the value (partial dependence), or the observed failure rate of a tenth of the
    attempts sorted by prediction (calibration, where `value` is the mean prediction). `low` and
    `high` are 95 % bounds, None for partial dependence.
    """

    kind: Kind
    feature: str
    value: str
    reference: str | None
    estimate: float
    low: float | None
    high: float | None
    attempts: int


def odds_ratios(rows: pl.DataFrame) -> list[Effect]:
    """Odds ratios of all values with enough attempts, numbers first, then categories.

    Args:
        rows: rows of `history.read_attempts`: is_failure, order_key and the features.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    columns, named, references = _one_hot(_as_values(rows))
    if not named:
        return []
    y = rows["is_failure"].to_numpy().astype(float)
    model = LogisticRegression(C=_PENALTY, max_iter=300).fit(columns, y)
    design = np.column_stack([np.ones(len(y)), columns])
    beta = np.concatenate([model.intercept_, model.coef_[0]])
    errors = _robust_errors(design, y, beta, rows["order_key"])
    return [
        Effect(
            "odds_ratio",
            feature,
            value,
            references[feature],
            *(float(np.exp(beta[i] + z * errors[i])) for z in (0, -_Z, _Z)),
            attempts=int(columns[:, i - 1].sum()),
        )
        for i, (feature, value) in enumerate(named, start=1)
    ]


def _as_values(rows: pl.DataFrame) -> pl.DataFrame:
    """Every feature as text; numbers in bands, missing as `not_recorded`."""
    import polars as pl

    banded = []
    for name, bands in _BANDS.items():
        value = pl.lit(None, pl.String)
        for label, below in reversed(bands):
            value = pl.when(pl.col(name) < below).then(pl.lit(label)).otherwise(value)
        banded.append(value.fill_null("not_recorded").alias(name))
    plain = [pl.col(name).cast(pl.String).fill_null("not_recorded") for name in CATEGORICAL]
    return rows.select(*banded, *plain)


def _one_hot(values: pl.DataFrame) -> tuple[Any, list[tuple[str, str]], dict[str, str]]:
    """Matrix of 0 and 1, (feature, value) of its columns, and each feature's reference."""
    import numpy as np
    import polars as pl

    columns, named, references, seen = [], [], {}, set()
    for name in values.columns:
        counts = values.group_by(name).len().sort("len", name, descending=[True, False])
        frequent = counts.filter(pl.col("len") >= LEAST_ATTEMPTS)[name].to_list()
        # One value, or the same attempts under another name (provider and wallet): no column.
        shape = tuple(counts["len"].to_list())
        if len(frequent) < 2 or (shape, counts.height) in seen:
            continue
        seen.add((shape, counts.height))
        references[name] = frequent[0]
        for value in frequent[1:]:
            columns.append((values[name] == value).to_numpy())
            named.append((name, value))
    matrix = np.column_stack(columns).astype(float) if columns else np.empty((values.height, 0))
    return matrix, named, references


def _robust_errors(design: Any, y: Any, beta: Any, clusters: pl.Series) -> Any:
    """Standard errors of the coefficients, allowing for alike attempts within a cluster."""
    import numpy as np

    fitted = 1 / (1 + np.exp(-design @ beta))
    penalty = np.eye(len(beta)) / _PENALTY
    penalty[0, 0] = 0.0
    bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design + penalty)
    group = clusters.rank("dense").to_numpy().astype(int) - 1
    scores = design * (y - fitted)[:, None]
    summed = np.column_stack([np.bincount(group, weights=column) for column in scores.T])
    return np.sqrt(np.diag(bread @ (summed.T @ summed) @ bread))


def calibration(y: Any, predicted: Any) -> list[Effect]:
    """Observed against predicted failure rate in tenths of the attempts, lowest first."""
    import numpy as np

    effects = []
    for rows in np.array_split(np.argsort(predicted, kind="stable"), CALIBRATION_BINS):
        if not len(rows):
            continue
        n, rate = len(rows), float(y[rows].mean())
        centre = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z * ((rate * (1 - rate) / n + _Z**2 / (4 * n * n)) ** 0.5) / (1 + _Z**2 / n)
        mean = f"{float(predicted[rows].mean()):.4f}"
        effects.append(
            Effect("calibration", "prediction", mean, None, rate, centre - half, centre + half, n)
        )
    return effects


def calibration_error(y: Any, predicted: Any) -> float:
    """Mean distance of observed and predicted rate over tenths of the attempts."""
    import numpy as np

    parts = np.array_split(np.argsort(predicted, kind="stable"), CALIBRATION_BINS)
    gaps = [len(p) * abs(float(y[p].mean() - predicted[p].mean())) for p in parts if len(p)]
    return sum(gaps) / len(y)


def partial_dependence(
    model: Any, matrix: Any, feature: str, column: int, values: list[tuple[str, float]]
) -> list[Effect]:
    """Mean prediction when every row is given each of `values` (label, code) in turn."""
    effects = []
    for label, code in values:
        changed = matrix.copy()
        changed[:, column] = code
        mean = float(model.predict_proba(changed)[:, 1].mean())
        effects.append(
            Effect("partial_dependence", feature, label, None, mean, None, None, len(matrix))
        )
    return effects
