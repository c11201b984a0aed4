"""What drives failures: a model of failure from what is known before the attempt, judged later.

What belongs here: fitting, comparing with two simple baselines on a later period, and permutation
importance there. What does not: the rows (`history.py`) and the tables (`tables.py`).

Importance says what goes along with failures, not what causes them. It is only shown when the model
tells failures from successes better than chance on days it has never seen (AUC >= 0.55): a ranking
of noise looks just as convincing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.failures.effects import (
    Effect,
    calibration,
    calibration_error,
    odds_ratios,
    partial_dependence,
)
from pipelines.failures.encoding import Codes, encode, learn_codes
from pipelines.failures.history import CATEGORICAL, FEATURES, TimeSplit
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import polars as pl

METRICS = ("auc", "log_loss", "average_precision", "calibration_error")

# Features that say nearly the same are shuffled together: alone, each would hide behind the other.
_TOGETHER = {"wallet_and_provider": ("wallet", "provider")}


@dataclass(frozen=True)
class DriverRules:
    """When a model is fitted and when it is believed.

    Attributes:
        minimum_train_failures: fewest failures, and fewest successes, in the training period.
        minimum_test_failures: the same in the test period.
        minimum_auc: below, no importance is shown.
        train_rows: most rows trained on, chosen by hash from the whole period; more made the model
            no better at a million attempts, only slower.
        test_rows: most rows tested on.
        importance_rows: most test rows shuffled for the importance.
        dependence_rows: most test rows behind a partial dependence.
        dependence_features: features with a partial dependence, the most important first.
        repeats: shuffles per feature.
        seed: of every random choice.
    """

    minimum_train_failures: int = 200
    minimum_test_failures: int = 100
    minimum_auc: float = 0.55
    train_rows: int = 60_000
    test_rows: int = 40_000
    importance_rows: int = 3_000
    dependence_rows: int = 1_000
    dependence_features: int = 4
    repeats: int = 10
    seed: int = 20260101


@dataclass(frozen=True)
class MetricValue:
    """One metric on the test period: the model's and those of both baselines."""

    value: float
    baseline_constant: float
    baseline_lookup: float


@dataclass(frozen=True)
class Importance:
    """Loss of AUC when a feature is shuffled: mean and standard deviation over the repeats."""

    feature: str
    mean: float
    sd: float


@dataclass(frozen=True)
class DriverResult:
    """What the model found; `metrics` and `importances` are empty where there is nothing to show.

    `message` says in plain words how good the model is, or why there is none.
    """

    model_id: str
    is_usable: bool
    message: str
    split: TimeSplit | None = None
    metrics: dict[str, MetricValue] = field(default_factory=dict)
    importances: list[Importance] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)


def no_model(message: str, split: TimeSplit | None = None) -> DriverResult:
    """A result without a model, and the reason."""
    return DriverResult("failure_drivers-none", False, message, split)


def fit_drivers(
    train: pl.DataFrame, test: pl.DataFrame, split: TimeSplit, rules: DriverRules
) -> DriverResult:
    """Fit on `train`, judge on the later `test`, and rank the features if the model is any good.

    Args:
        train: rows of `history.read_attempts`: is_failure and `FEATURES`.
        test: the same for later days.
        split: the days of both, stored with the result.
        rules: thresholds, bounds and seed.
    """
    missing = _too_little(train, test, rules)
    if missing:
        return no_model(missing, split)
    with one_thread():
        return _fit_and_judge(train, test, split, rules)


def _fit_and_judge(
    train: pl.DataFrame, test: pl.DataFrame, split: TimeSplit, rules: DriverRules
) -> DriverResult:
    codes = learn_codes(train)
    train_x, test_x = encode(train, codes), encode(test, codes)
    train_y, test_y = train["is_failure"].to_numpy(), test["is_failure"].to_numpy()
    model = _fit(train_x, train_y, rules)
    predicted = model.predict_proba(test_x)[:, 1]
    metrics = _compare(test_y, predicted, train_y.mean(), lookup_rates(train, test))
    auc = metrics["auc"].value
    model_id = f"failure_drivers-{split.tested_to:%Y%m%d}-{_fingerprint(predicted)}"
    if auc < rules.minimum_auc:
        message = (
            f"Nothing known before an attempt tells failures apart: AUC {auc:.2f} on later days,"
            f" at least {rules.minimum_auc:.2f} is needed. No drivers are shown."
        )
        return DriverResult(model_id, False, message, split, metrics)
    importances = _permutation_importance(model, test_x, test_y, rules)
    effects = calibration(test_y, predicted) + odds_ratios(train)
    effects += _dependences(model, test_x, codes, importances, rules)
    message = (
        f"AUC {auc:.2f} on later days; associations, not causes."
        f" Trained on {train.height:,} attempts, tested on {test.height:,}."
    )
    return DriverResult(model_id, True, message, split, metrics, importances, effects)


def _dependences(
    model: Any, x: Any, codes: Codes, importances: list[Importance], rules: DriverRules
) -> list[Effect]:
    """Partial dependence of the most important features, on evenly spaced test rows."""
    import numpy as np

    rows = x[:: -(-len(x) // rules.dependence_rows)]
    effects: list[Effect] = []
    names = [part for item in importances for part in _TOGETHER.get(item.feature, (item.feature,))]
    for name in names[: rules.dependence_features]:
        column = FEATURES.index(name)
        if name in CATEGORICAL:
            values = [(value, float(code)) for value, code in list(codes[name].items())[:12]]
        else:
            grid = np.unique(np.nanquantile(x[:, column], np.linspace(0.05, 0.95, 10)))
            values = [(f"{value:g}", float(value)) for value in grid]
        effects += partial_dependence(model, rows, name, column, values)
    return effects


def lookup_rates(train: pl.DataFrame, test: pl.DataFrame, strength: float = 20.0) -> Any:
    """Failure rate of each test row's wallet and hour in the training rows, as a float array.

    Rates are drawn towards the overall rate as if `strength` average attempts were added; a wallet
    and hour never seen get the overall rate.
    """
    import polars as pl

    keys = ["wallet", "local_hour"]
    overall = train["is_failure"].mean()
    rates = train.group_by(keys).agg(
        rate=(pl.col("is_failure").sum() + strength * overall) / (pl.len() + strength)
    )
    joined = test.select(keys).join(
        rates, on=keys, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["rate"].fill_null(overall).to_numpy()


def _too_little(train: pl.DataFrame, test: pl.DataFrame, rules: DriverRules) -> str:
    """Why the data is not enough for a model, or nothing."""
    periods = (
        ("earlier", train, rules.minimum_train_failures),
        ("later", test, rules.minimum_test_failures),
    )
    for name, rows, needed in periods:
        failures = int(rows["is_failure"].sum())
        successes = rows.height - failures
        if min(failures, successes) < needed:
            return (
                f"Too little data for a model of failures: the {name} days have {failures} failed"
                f" and {successes} successful attempts, at least {needed} of each are needed."
            )
    return ""


def _fit(x: Any, y: Any, rules: DriverRules) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        categorical_features=[name in CATEGORICAL for name in FEATURES],
        learning_rate=0.08,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        l2_regularization=1.0,
        max_iter=150,
        early_stopping=True,
        n_iter_no_change=8,
        random_state=rules.seed,
    )
    return model.fit(x, y)


def _compare(y: Any, predicted: Any, base_rate: float, lookup: Any) -> dict[str, MetricValue]:
    import numpy as np
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    constant = np.full(len(y), base_rate)
    scores = (roc_auc_score, log_loss, average_precision_score, calibration_error)
    return {
        name: MetricValue(
            value=float(score(y, predicted)),
            baseline_constant=float(score(y, constant)),
            baseline_lookup=float(score(y, lookup)),
        )
        for name, score in zip(METRICS, scores, strict=True)
    }


def _permutation_importance(model: Any, x: Any, y: Any, rules: DriverRules) -> list[Importance]:
    """How much AUC is lost when a feature is shuffled, most important first.

    Own loop because scikit-learn's shuffles one column at a time (see `_TOGETHER`). The rows are
    sampled by position, which `history.read_attempts` has made the order of random keys.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    step = -(-len(x) // rules.importance_rows)
    x, y = x[::step], y[::step]
    generator = np.random.default_rng(rules.seed)
    reference = roc_auc_score(y, model.predict_proba(x)[:, 1])
    importances = []
    for feature, columns in _groups().items():
        # All repeats in one prediction: most of a short one's cost is the call.
        shuffled = np.tile(x, (rules.repeats, 1))
        orders = [generator.permutation(len(x)) for _ in range(rules.repeats)]
        shuffled[:, columns] = x[np.concatenate(orders)][:, columns]
        predicted = model.predict_proba(shuffled)[:, 1].reshape(rules.repeats, len(x))
        losses = [reference - roc_auc_score(y, values) for values in predicted]
        importances.append(Importance(feature, float(np.mean(losses)), float(np.std(losses))))
    return sorted(importances, key=lambda item: (-item.mean, item.feature))


def _groups() -> dict[str, list[int]]:
    """Name -> column numbers that are shuffled together; each column is in one group."""
    grouped = {name for names in _TOGETHER.values() for name in names}
    groups = {name: [FEATURES.index(part) for part in parts] for name, parts in _TOGETHER.items()}
    return groups | {name: [i] for i, name in enumerate(FEATURES) if name not in grouped}


def _fingerprint(predicted: Any) -> str:
    return hashlib.sha256(predicted.round(9).tobytes()).hexdigest()[:8]
