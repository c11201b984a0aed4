"""Whether users have moved away from a behaviour model, and what a new one inherits from the old.

What belongs here: the population stability index of each feature, refitting, and matching new
clusters with old ones so that an id keeps its meaning. What does not: choosing k (`clusters.py`)
and storing versions (`behaviour.py`).

A model is kept as it is until two features have drifted (PSI above 0.2, the usual bound for a
population that has changed). A refit starts from the old centroids and from scratch; the warm one
is kept unless the cold one is clearly better, because it keeps more users in their cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.segments.clusters import (
    ClusterResult,
    ClusterRules,
    Scaling,
    by_spend,
    cold_start,
    described,
    nearest,
    scale,
    try_k,
)
from pipelines.segments.features import FeaturePriors, transformed
from pipelines.segments.naming import name_clusters
from pipelines.segments.prediction import ClusterModel
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Matrix = np.ndarray[Any, np.dtype[np.float64]]

WATCH, ACT = 0.1, 0.2
_FEATURES_TO_ACT = 2
# A new centroid further than this from every old one (in standard deviations) is a new cluster.
_SAME_CLUSTER = 1.5
# A cold start must be better by this part of its inertia to be worth breaking memberships.
_CLEARLY_BETTER = 0.02


@dataclass(frozen=True)
class Reference:
    """How a feature was spread when a model was fitted: nine deciles (or fewer, where values
    repeat) and the share of users in each of the bins between them."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Drift:
    """PSI per feature, and whether the model must be fitted anew."""

    psi: dict[str, float]

    @property
    def needs_refit(self) -> bool:
        """Two features or more have moved for good."""
        return sum(value > ACT for value in self.psi.values()) >= _FEATURES_TO_ACT

    @property
    def watched(self) -> list[str]:
        """Features that have moved noticeably, the furthest first."""
        moved = [name for name, value in self.psi.items() if value > WATCH]
        return sorted(moved, key=lambda name: -self.psi[name])


def references(sample: pl.DataFrame) -> dict[str, Reference]:
    """The spread of every feature of a sample, in model units."""
    import numpy as np

    frame = transformed(sample)
    found = {}
    for name in frame.columns:
        values = frame[name].to_numpy()
        edges = np.unique(np.quantile(values, np.arange(0.1, 0.95, 0.1), method="lower"))
        found[name] = Reference(tuple(edges.tolist()), tuple(_shares(values, edges).tolist()))
    return found


def measure(sample: pl.DataFrame, trained_on: dict[str, Reference]) -> Drift:
    """Population stability index per feature: sum of (now - then) * ln(now / then) over bins."""
    import numpy as np

    frame = transformed(sample)
    psi = {}
    for name, reference in trained_on.items():
        now = _shares(frame[name].to_numpy(), np.array(reference.edges))
        # An empty bin would be infinitely surprising.
        now, then = np.maximum(now, 1e-4), np.maximum(np.array(reference.shares), 1e-4)
        psi[name] = round(float(((now - then) * np.log(now / then)).sum()), 4)
    return Drift(psi)


def refit(
    sample: pl.DataFrame,
    priors: FeaturePriors,
    rules: ClusterRules,
    old: ClusterModel,
    next_id: int,
) -> ClusterResult:
    """A new model for the users of today, with the ids and names of old clusters that are still
    there.

    Args:
        sample: natural features of today's users.
        priors: today's averages.
        rules: thresholds and seed.
        old: the model in force.
        next_id: smallest id that was never used.

    Returns:
        The new model with as many clusters as the old one; a message when these are no longer
        stable.
    """
    k = len(old.centroids)
    with one_thread():
        scaling, matrix = scale(sample)
        trial = try_k(matrix, k, rules)
        if not trial["is_stable"]:
            message = f"{k} behaviour clusters are no longer stable after the users have changed."
            quality = {"is_usable": False, "message": message, "tried": [trial]}
            return ClusterResult(None, len(matrix), quality, message)
        before = carried_over(old, scaling)
        centroids = _warm_or_cold(matrix, before, rules, scaling)
        ids, names = inherit(before, centroids, old, scaling.features, next_id)
        return described(sample, matrix, scaling, centroids, priors, rules, [trial], ids, names)


def carried_over(old: ClusterModel, scaling: Scaling) -> Matrix:
    """Old centroids in the z-scores of a new scaling; at the average where a feature is new."""
    import numpy as np

    rows = np.zeros((len(old.centroids), len(scaling.features)))
    for column, name in enumerate(scaling.features):
        if name in old.features:
            place = old.features.index(name)
            values = np.array([row[place] for row in old.centroids])
            raw = values * old.sd[place] + old.mean[place]
            rows[:, column] = (raw - scaling.mean[column]) / scaling.sd[column]
    return rows


def inherit(
    before: Matrix,
    centroids: Matrix,
    old: ClusterModel,
    features: tuple[str, ...],
    next_id: int,
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Ids and names of new centroids: those of the old ones they match best, all pairs together.

    The Hungarian method makes the sum of distances smallest; a pair further apart than 1.5 standard
    deviations is no match: the old id is retired and the new centroid gets an id never used before.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    distances = cdist(centroids, before)
    match = dict(zip(*(side.tolist() for side in linear_sum_assignment(distances)), strict=True))
    kept = {new: place for new, place in match.items() if distances[new, place] <= _SAME_CLUSTER}
    taken = [old.names[place] for place in kept.values()]
    fresh = [new for new in range(len(centroids)) if new not in kept]
    fresh_names = name_clusters(features, np.asarray(centroids)[fresh].tolist(), taken)
    ids, names = [], []
    for new in range(len(centroids)):
        if new in kept:
            ids.append(old.cluster_ids[kept[new]])
            names.append(old.names[kept[new]])
        else:
            ids.append(next_id + fresh.index(new))
            names.append(fresh_names[fresh.index(new)])
    return tuple(ids), tuple(names)


def _warm_or_cold(matrix: Matrix, before: Matrix, rules: ClusterRules, scaling: Scaling) -> Matrix:
    from sklearn.cluster import KMeans

    warm = KMeans(len(before), init=before, n_init=1).fit(matrix).cluster_centers_
    cold = by_spend(cold_start(matrix, len(before), rules), scaling.features)
    gain = 1 - nearest(matrix, cold)[1] / nearest(matrix, warm)[1]
    return cold if gain > _CLEARLY_BETTER else warm


def _shares(values: Any, edges: Any) -> Any:
    import numpy as np

    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return counts / max(len(values), 1)
