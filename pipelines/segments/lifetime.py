"""How often users buy and how likely they are to buy again: BG/NBD and MBG/NBD in scipy.

What belongs here: likelihood, fit, the guard against a fit that says nothing, and predictions for
arrays of users. What does not: reading purchases (`purchases.py`), money (`spend.py`), judging the
predictions on held-out time (`holdout.py`).

A user buys at a gamma-distributed rate until dropping out; after each purchase (in MBG/NBD also
before the first repeat) they drop out with a beta-distributed probability. All that matters of a
user is x (days with a repeat purchase), tx (age at the last one) and T (age), so users are counted
by (x, tx, T) before anything is computed.

Sources: Fader, Hardie and Lee 2005, "Counting your customers the easy way" (BG/NBD); Batislam,
Denizel and Filiztekin 2007 (MBG/NBD); Hoppe and Wagner 2007. With y = x for BG/NBD and y = x + 1
for MBG/NBD both have one likelihood and one set of predictions, which is what stands below.

P(alive) is never published: in BG/NBD it is 1 for everybody who bought once, and as a prediction of
activity it is worse than a coin. What is published is the probability of a purchase within a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float64]]

DAYS_PER_WEEK = 7.0
# Searched range of every parameter; a fit that ends there has not found a maximum.
_SMALLEST, _LARGEST = 1e-5, 1e5
# A user drops out after fewer than one purchase in a thousand: the history shows no dropout.
_LEAST_DROPOUT = 1e-3
# Probabilities of being alive that differ by less than this over all users tell nobody apart.
_LEAST_SPREAD = 0.01
# Points of the numerical integral over dropout; with 161 its error is below 1e-9.
_NODES = 161

Kind = Literal["bg_nbd", "mbg_nbd", "nbd"]


@dataclass(frozen=True)
class PurchaseCounts:
    """Users counted by their purchase history; all arrays have one entry per distinct history.

    Attributes:
        repeats: x, days with a purchase after the first such day.
        recency: tx, weeks from the first to the last purchase.
        age: T, weeks from the first purchase to the day everything is measured from.
        users: how many users share the history.
    """

    repeats: Vector
    recency: Vector
    age: Vector
    users: Vector


@dataclass(frozen=True)
class PurchaseModel:
    """A fitted model; time is in weeks.

    Attributes:
        kind: `bg_nbd`, `mbg_nbd`, or `nbd` where the history shows no dropout (a and b are 0 and
            without meaning then).
        r, alpha: shape and rate of the gamma distribution of purchase rates.
        a, b: parameters of the beta distribution of dropout probabilities.
        log_likelihood: at the maximum, over all users.
        users: number of users it was fitted on.
        message: what a person should know about the fit.
    """

    kind: Kind
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    users: int
    message: str

    def to_json(self) -> str:
        """The model as JSON with sorted keys; floats keep every digit."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> PurchaseModel:
        """The model written by `to_json`; raises TypeError on anything else."""
        return cls(**json.loads(text))


class FitError(Exception):
    """The likelihood has no maximum that the search could find; the message says which model."""


def choose_model(counts: PurchaseCounts) -> PurchaseModel:
    """The better of BG/NBD and MBG/NBD by likelihood, or NBD where neither sees dropout.

    Raises:
        FitError: no fit converged.
    """
    fitted = [fit(counts, kind) for kind in ("bg_nbd", "mbg_nbd")]
    return guarded(max(fitted, key=lambda model: model.log_likelihood), counts)


def fit(counts: PurchaseCounts, kind: Kind) -> PurchaseModel:
    """Maximum likelihood of `bg_nbd` or `mbg_nbd`; the same counts give the same model.

    Raises:
        FitError: the search did not converge.
    """
    import numpy as np
    from scipy.optimize import minimize

    total = counts.users.sum()

    def negative(logs: Vector) -> tuple[float, Vector]:
        value, gradient = _log_likelihood(np.exp(logs), counts, kind)
        # By user, so that the tolerance means the same for a hundred users and for a million.
        return -value / total, -gradient * np.exp(logs) / total

    bounds = [(np.log(_SMALLEST), np.log(_LARGEST))] * 4
    start = np.log([0.5, max(float(np.average(counts.age, weights=counts.users)) / 4, 0.1), 1, 3])
    with one_thread():
        found = minimize(
            negative,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9},
        )
    parameters = np.exp(found.x)
    # The line search may end in rounding noise at the maximum: judge by the slope, not by the flag.
    slope = float(np.abs(found.jac).max())
    at_bound = bool(np.isclose(found.x, np.log(_SMALLEST)).any()) or bool(
        np.isclose(found.x, np.log(_LARGEST)).any()
    )
    if not np.isfinite(found.fun) or (slope > 1e-4 and not at_bound):
        raise FitError(f"The fit of {kind} did not converge: {found.message}")
    r, alpha, a, b = (float(value) for value in parameters)
    return PurchaseModel(kind, r, alpha, a, b, -float(found.fun * total), int(total), "")


def guarded(model: PurchaseModel, counts: PurchaseCounts) -> PurchaseModel:
    """The model itself, or NBD with a message where its dropout is not to be believed.

    Where nobody seems to drop out, a goes to 0 or b to a bound; the probability of being alive is
    then about 1 for everybody, however long they have been away.
    """
    alive = p_alive(model, counts.repeats, counts.recency, counts.age)
    spread = float(alive.max() - alive.min())
    at_bound = max(model.a, model.b) > 0.99 * _LARGEST or min(model.a, model.b) < 1.01 * _SMALLEST
    dropout = model.a / (model.a + model.b)
    if dropout >= _LEAST_DROPOUT and not at_bound and spread >= _LEAST_SPREAD:
        return model
    message = (
        "The history shows no users dropping out for good (mean dropout per purchase"
        f" {dropout:.1e}), so purchases are predicted from each user's rate alone (NBD)."
    )
    return PurchaseModel(
        "nbd", model.r, model.alpha, 0.0, 0.0, model.log_likelihood, model.users, message
    )


def p_alive(model: PurchaseModel, repeats: Vector, recency: Vector, age: Vector) -> Vector:
    """Probability of not having dropped out; used inside predictions, never published."""
    import numpy as np

    if model.kind == "nbd":
        return np.ones_like(age)
    y = _chances_to_drop(model.kind, repeats)
    log_odds = (
        np.log(model.a)
        - np.log(model.b + np.maximum(y, 1) - 1)
        + (model.r + repeats) * (np.log(model.alpha + age) - np.log(model.alpha + recency))
    )
    with np.errstate(over="ignore"):
        return np.where(y > 0, 1 / (1 + np.exp(log_odds)), 1.0)


def p_purchase(
    model: PurchaseModel, repeats: Vector, recency: Vector, age: Vector, days: float
) -> Vector:
    """Probability of at least one purchase within the next `days`.

    Dropout happens only at a purchase, so somebody alive now is alive until the next one:
    P(alive) * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x)).
    """
    weeks = days / DAYS_PER_WEEK
    quiet = ((model.alpha + age) / (model.alpha + age + weeks)) ** (model.r + repeats)
    return p_alive(model, repeats, recency, age) * (1 - quiet)


def expected_purchases(
    model: PurchaseModel, repeats: Vector, recency: Vector, age: Vector, days: float
) -> Vector:
    """Expected number of days with a purchase within the next `days`.

    Given rate l and dropout probability d, somebody alive makes (1 - exp(-l d t)) / d purchases on
    average. Over the gamma posterior of l this is (1 - (1 + d w) ** -s) / d with w = t / (alpha +
    T) and s = r + x; over the beta posterior of d it is integrated numerically
    (`_mean_over_dropout`). Fader, Hardie and Lee write it with 2F1 (their equation 10), which scipy
    cannot compute for users with many purchases or forecasts longer than a user's age.
    """
    import numpy as np

    weeks = days / DAYS_PER_WEEK
    if model.kind == "nbd":
        return (model.r + repeats) / (model.alpha + age) * weeks
    # The integral does not depend on the time of the last purchase: far fewer cases than histories.
    pairs, case = np.unique(np.stack([repeats, age]), axis=1, return_inverse=True)
    shape = model.r + pairs[0]
    growth = weeks / (model.alpha + pairs[1])
    while_alive = np.concatenate(
        [
            _mean_over_dropout(model, pairs[0][part], shape[part], growth[part])
            for part in _slices(len(shape))
        ]
    )
    return while_alive[case.ravel()] * p_alive(model, repeats, recency, age)


def _slices(length: int, size: int = 10_000) -> list[slice]:
    """Parts of an array, so that a table of parts by quadrature nodes stays small."""
    return [slice(start, start + size) for start in range(0, max(length, 1), size)]


def _mean_over_dropout(
    model: PurchaseModel, repeats: Vector, shape: Vector, growth: Vector
) -> Vector:
    """Mean of g(d) = (1 - (1 + d w) ** -s) / d over d ~ Beta(a, b + y).

    The trapezoidal rule over the log-odds of d, which converges exponentially for such functions.
    The straight line between g(0) = s w and g(1) is taken out first and its mean added exactly, so
    that what is left vanishes at both ends, however small a or b + y.
    """
    import numpy as np
    from scipy.special import betaln

    a, b = model.a, (model.b + _chances_to_drop(model.kind, repeats))[:, None]
    s, w = shape[:, None], growth[:, None]
    spread = 9 * np.sqrt(1 / (a + 1) + 1 / (b + 1))
    left, right = spread + 40 / (a + 1), spread + 40 / (b + 1)
    step = (left + right) / (_NODES - 1)
    odds = np.log((a + 1) / (b + 1)) - left + step * np.arange(_NODES)
    log_d, log_rest = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    d = np.exp(log_d)
    at_zero, at_one = s * w, -np.expm1(-s * np.log1p(w))
    bent = -np.expm1(-s * np.log1p(d * w)) / d - (at_zero + (at_one - at_zero) * d)
    density = np.exp(a * log_d + b * log_rest - betaln(a, b))
    line = at_zero + (at_one - at_zero) * a / (a + b)
    return line[:, 0] + (bent * density * step).sum(axis=1)


def predict(model: PurchaseModel, counts: PurchaseCounts, days: float) -> Mapping[str, Vector]:
    """`p_purchase` and `expected_purchases` of every history of `counts` for a number of days."""
    history = (counts.repeats, counts.recency, counts.age)
    return {
        "p_purchase": p_purchase(model, *history, days),
        "expected_purchases": expected_purchases(model, *history, days),
    }


def _chances_to_drop(kind: Kind, repeats: Vector) -> Vector:
    """How often a user could have dropped out: in MBG/NBD once more, after the first purchase."""
    return repeats + 1 if kind == "mbg_nbd" else repeats


def _log_likelihood(parameters: Vector, counts: PurchaseCounts, kind: Kind) -> tuple[float, Vector]:
    """Log-likelihood over all users and its gradient by (r, alpha, a, b).

    L = G(r + x) alpha^r / G(r) * B(a, b + y) / B(a, b) *
        [(alpha + T)^-(r + x) + [y > 0] a / (b + y - 1) (alpha + tx)^-(r + x)]
    """
    import numpy as np
    from scipy.special import digamma, gammaln

    r, alpha, a, b = parameters
    x, tx, age, users = counts.repeats, counts.recency, counts.age, counts.users
    y = _chances_to_drop(kind, x)
    could_drop = y > 0
    y_before = np.maximum(y, 1) - 1
    log_alive = -(r + x) * np.log(alpha + age)
    log_dropped = np.where(
        could_drop, np.log(a) - np.log(b + y_before) - (r + x) * np.log(alpha + tx), -np.inf
    )
    log_either = np.logaddexp(log_alive, log_dropped)
    dropped = np.exp(log_dropped - log_either)
    value = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        - gammaln(b)
        + gammaln(b + y)
        - gammaln(a + b + y)
        + log_either
    )
    log_rate = (1 - dropped) * np.log(alpha + age) + dropped * np.log(alpha + tx)
    exposure = (1 - dropped) / (alpha + age) + dropped / (alpha + tx)
    by_total = digamma(a + b) - digamma(a + b + y)
    gradient = (
        digamma(r + x) - digamma(r) + np.log(alpha) - log_rate,
        r / alpha - (r + x) * exposure,
        by_total + dropped / a,
        by_total - digamma(b) + digamma(b + y) - dropped / (b + y_before),
    )
    return float(value @ users), np.array([float(part @ users) for part in gradient])
