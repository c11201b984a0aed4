"""Rates of single users from few cases: refunds, failures, discounts by empirical Bayes.

What belongs here: the prior that all users together give, and each user's expected rate and lower
bound under it. What does not: what is counted (`scores.py`).

One refund out of one order is not a refund rate of 100 %. A user's rate is drawn towards that of
all users by a beta prior fitted to them (beta-binomial likelihood); somebody is only called prone
when their rate lies above everybody's average with 90 % certainty. Ranking is by count, which
predicts better than the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Vector = np.ndarray[Any, np.dtype[np.float64]]

# A rate is above this bound with 90 % certainty.
_LOWER_TAIL = 0.10
# Strongest prior: as much as a thousand cases. Beyond it users do not differ measurably.
_STRONGEST = 1e3
# A fitted prior rests on at least this many users with cases; fewer share one average weakly.
_MINIMUM_USERS = 50


@dataclass(frozen=True)
class RatePrior:
    """A beta distribution of users' rates: `hits` and `misses` of an imagined earlier history."""

    hits: float
    misses: float

    @property
    def mean(self) -> float:
        """The average user's rate."""
        return self.hits / (self.hits + self.misses)


def fit_prior(hits: Vector, cases: Vector, users: Vector) -> RatePrior | None:
    """The beta prior under which the users' counts are most likely.

    Args:
        hits: cases that count, per distinct pair of counts.
        cases: all cases, each above 0.
        users: users with that pair.

    Returns:
        The prior; None when no user has a case or none or all cases count: there is no rate to
        compare then.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import betaln

    total_hits, total_cases = float(hits @ users), float(cases @ users)
    if not 0 < total_hits < total_cases:
        return None
    mean = total_hits / total_cases
    if users.sum() < _MINIMUM_USERS:
        return RatePrior(10 * mean, 10 * (1 - mean))

    def negative(logs: Vector) -> float:
        a, b = np.exp(logs)
        return -float((betaln(a + hits, b + cases - hits) - betaln(a, b)) @ users) / total_cases

    start = np.log([10 * mean, 10 * (1 - mean)])
    options = {"xatol": 1e-6, "fatol": 1e-12}
    with one_thread():
        found = minimize(negative, start, method="Nelder-Mead", options=options)
    a, b = (float(value) for value in np.exp(found.x))
    # Users who do not differ push the prior to infinite strength.
    shrink = min(1.0, _STRONGEST / (a + b))
    return RatePrior(a * shrink, b * shrink)


def rates(counts: pl.DataFrame, prior: RatePrior | None) -> pl.DataFrame:
    """Expected rate, lower bound and flag per distinct pair of counts.

    Args:
        counts: columns hits and cases.
        prior: from `fit_prior`.

    Returns:
        `counts` with expected_rate, rate_low (90 % certain to be exceeded) and is_prone (rate_low
        above the average user's rate); NULL, NULL and false without a prior.
    """
    import polars as pl
    from scipy.special import betaincinv

    if prior is None:
        return counts.with_columns(
            expected_rate=pl.lit(None, pl.Float64),
            rate_low=pl.lit(None, pl.Float64),
            is_prone=pl.lit(False),
        )
    hits = counts["hits"].cast(pl.Float64).to_numpy()
    cases = counts["cases"].cast(pl.Float64).to_numpy()
    a, b = prior.hits + hits, prior.misses + cases - hits
    low = betaincinv(a, b, _LOWER_TAIL)
    return counts.with_columns(
        pl.Series("expected_rate", a / (a + b)),
        pl.Series("rate_low", low),
        pl.Series("is_prone", (low > prior.mean) & (hits > 0)),
    )
