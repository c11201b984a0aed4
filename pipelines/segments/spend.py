"""What a user spends per purchase: the Gamma-Gamma model in scipy.

What belongs here: likelihood, fit and the conditional mean. What does not: how often somebody buys
(`lifetime.py`).

A user's purchases are gamma-distributed around their own mean, and the means of users follow an
inverse gamma. Somebody with few purchases is drawn towards everybody's mean, somebody with many
keeps their own. Source: Fader and Hardie 2013, "The Gamma-Gamma model of monetary value".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.segments.lifetime import FitError
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float64]]

# How often and how much are taken as unrelated; above this correlation that is not so.
LARGEST_CORRELATION = 0.3


@dataclass(frozen=True)
class SpendModel:
    """A fitted Gamma-Gamma model; amounts are in the reporting currency.

    Attributes:
        p, q, v: shape of a user's purchases; shape and scale of users' means.
        log_likelihood: at the maximum, over the users with repeat purchases.
        users: number of those.
        correlation: of repeats and mean spend (Pearson); the model takes it as 0.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    users: int
    correlation: float

    @property
    def mean(self) -> float:
        """Mean spend per purchase over all users."""
        return self.p * self.v / (self.q - 1)


def fit_spend(repeats: Vector, mean_spend: Vector) -> SpendModel:
    """Maximum likelihood over users with at least one repeat purchase and a mean above 0.

    Args:
        repeats: number of repeat purchases per user, each above 0.
        mean_spend: mean spend of those purchases, each above 0.

    Raises:
        FitError: too few users, the search did not converge, or users' means have no finite mean
            (q at most 1).
    """
    import numpy as np
    from scipy.optimize import minimize

    if len(repeats) < 2 or np.ptp(mean_spend) == 0:
        raise FitError("Spend per purchase cannot be modelled: repeat buyers are too few or alike.")
    scale = float(np.median(mean_spend))
    z = mean_spend / scale

    def negative(logs: Vector) -> tuple[float, Vector]:
        value, gradient = _log_likelihood(np.exp(logs), repeats, z)
        return -value / len(z), -gradient * np.exp(logs) / len(z)

    with one_thread():
        found = minimize(
            negative,
            np.log([2.0, 4.0, 2.0]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-10, 10)] * 3,
            options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9},
        )
    p, q, v = (float(value) for value in np.exp(found.x))
    if not np.isfinite(found.fun) or float(np.abs(found.jac).max()) > 1e-4:
        raise FitError(f"The fit of spend per purchase did not converge: {found.message}")
    if q <= 1.0:
        raise FitError(
            "Spend per purchase has no finite mean (a few purchases are beyond all measure)."
        )
    # The density of the mean in another currency unit: one Jacobian per user.
    likelihood = -float(found.fun) * len(z) - len(z) * float(np.log(scale))
    return SpendModel(p, q, v * scale, likelihood, len(z), _correlation(repeats, mean_spend))


def expected_spend(model: SpendModel, repeats: Vector, mean_spend: Vector) -> Vector:
    """Expected spend per purchase of each user: p (v + x z) / (p x + q - 1).

    Users without a repeat purchase (x = 0; z is ignored) are expected to spend what users do.
    """
    import numpy as np

    seen = np.where(repeats > 0, repeats * np.nan_to_num(mean_spend), 0.0)
    return model.p * (model.v + seen) / (model.p * repeats + model.q - 1)


def _log_likelihood(parameters: Vector, x: Vector, z: Vector) -> tuple[float, Vector]:
    """Sum over users and gradient by (p, q, v); equation 1a of the source."""
    import numpy as np
    from scipy.special import digamma, gammaln

    p, q, v = parameters
    total = np.log(v + x * z)
    value = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(z)
        + p * x * np.log(x)
        - (p * x + q) * total
    )
    both = digamma(p * x + q)
    gradient = (
        x * (both - digamma(p * x) + np.log(z) + np.log(x) - total),
        both - digamma(q) + np.log(v) - total,
        q / v - (p * x + q) / (v + x * z),
    )
    return float(value.sum()), np.array([float(part.sum()) for part in gradient])


def _correlation(x: Vector, z: Vector) -> float:
    import numpy as np

    if np.ptp(x) == 0 or np.ptp(z) == 0:
        return 0.0
    return float(np.corrcoef(x, z)[0, 1])
