"""Behaviour clusters: k-means on a fixed sample of paying users, with k chosen by stability.

What belongs here: scaling, choosing k, fitting, and how good the result is. What does not: the
features (`features.py`), names (`naming.py`) and applying a model (`prediction.py`).

k is the largest number of groups from 3 to 8 that come back when the sample is drawn again (mean
Jaccard similarity of every group >= 0.75 over bootstrap resamples, Hennig's measure) and of which
none is tiny. The silhouette would nearly always choose 2. Everything runs on one thread: the order
in which threads add up floats must not decide which group a user is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.segments.features import FeaturePriors, transformed
from pipelines.segments.naming import name_clusters
from pipelines.segments.prediction import ClusterModel
from pipelines.segments.tree import RuleSet, explain
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class ClusterRules:
    """How a behaviour-cluster model is chosen.

    Attributes:
        minimum_users: fewest paying users; below, groups would be noise.
        minimum_cell_users: fewest sampled users of a group (the privacy minimum).
        minimum_share: smallest share of the sample a group may have.
        minimum_jaccard: smallest mean Jaccard similarity of any group over the resamples.
        candidates: numbers of groups tried.
        sample_rows: users the model is fitted on.
        stability_rows: users the stability is measured on.
        resamples: bootstrap resamples per candidate.
        seed: of every random choice.
    """

    minimum_users: int = 500
    minimum_cell_users: int = 10
    minimum_share: float = 0.01
    minimum_jaccard: float = 0.75
    candidates: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
    sample_rows: int = 100_000
    stability_rows: int = 10_000
    resamples: int = 15
    seed: int = 20260101


@dataclass(frozen=True)
class ClusterResult:
    """A fitted model with its quality and rules, or the plain reason why there is none.

    `quality` is JSON-ready: what was tried for each k, and inertia, explained share, silhouette
    and group shares of the chosen model, all on the sample.
    """

    model: ClusterModel | None
    trained_users: int
    quality: dict[str, Any]
    message: str
    rules: RuleSet | None = None


@dataclass(frozen=True)
class Scaling:
    """How features become z-scores: clipped from above, then centred and divided."""

    features: tuple[str, ...]
    clip: tuple[float, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]


def fit_clusters(sample: pl.DataFrame, priors: FeaturePriors, rules: ClusterRules) -> ClusterResult:
    """Find behaviour clusters in a sample of paying users.

    Args:
        sample: one row per user, one Float64 column per feature in its natural unit, in a fixed
            order of rows (see `features.read_sample`).
        priors: averages used in the sample's rates; stored with the model.
        rules: thresholds and seed.

    Returns:
        The model, or a message when there are too few users or no grouping is stable.
    """
    users = sample.height
    if users < rules.minimum_users:
        message = (
            f"No behaviour clusters: {users} paying users, at least {rules.minimum_users} are"
            " needed for groups that mean something. The lifecycle segments are not affected."
        )
        return ClusterResult(None, users, {"is_usable": False, "message": message}, message)
    with one_thread():
        scaling, matrix = scale(sample)
        tried = [try_k(matrix, k, rules) for k in rules.candidates] if scaling.features else []
        stable = [trial["k"] for trial in tried if trial["is_stable"]]
        if not stable:
            message = (
                "No behaviour clusters: no grouping into"
                f" {rules.candidates[0]} to {rules.candidates[-1]} groups came back when the users"
                " were drawn again. The lifecycle segments are not affected."
            )
            quality = {"is_usable": False, "message": message, "tried": tried}
            return ClusterResult(None, users, quality, message)
        centroids = by_spend(cold_start(matrix, max(stable), rules), scaling.features)
        return described(sample, matrix, scaling, centroids, priors, rules, tried)


def scale(sample: pl.DataFrame) -> tuple[Scaling, Matrix]:
    """Clip at the 99.5th percentile, then z-score; features that never vary are left out."""
    import numpy as np

    frame = transformed(sample)
    raw = frame.to_numpy()
    clip = np.percentile(raw, 99.5, axis=0)
    clipped = np.minimum(raw, clip)
    mean, sd = clipped.mean(axis=0), clipped.std(axis=0)
    varies = sd > 1e-9
    scaling = Scaling(
        features=tuple(np.array(frame.columns)[varies].tolist()),
        clip=tuple(clip[varies].tolist()),
        mean=tuple(mean[varies].tolist()),
        sd=tuple(sd[varies].tolist()),
    )
    matrix = (clipped[:, varies] - mean[varies]) / sd[varies]
    return scaling, np.ascontiguousarray(matrix)


def cold_start(matrix: Matrix, k: int, rules: ClusterRules) -> Matrix:
    """Centroids of k groups, the best of ten fits from new starting points."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=10, random_state=rules.seed).fit(matrix).cluster_centers_


def by_spend(centroids: Matrix, features: tuple[str, ...]) -> Matrix:
    """Centroids in the order of spend, the biggest spenders first: low ids say something."""
    first = [i for i, name in enumerate(features) if name == "net_amount"]
    columns = first + [i for i in range(len(features)) if i not in first]
    return centroids[sorted(range(len(centroids)), key=lambda i: tuple(-centroids[i, columns]))]


def try_k(matrix: Matrix, k: int, rules: ClusterRules) -> dict[str, Any]:
    """Stability of k groups on at most `stability_rows` users.

    Returns:
        k, min_jaccard (smallest over groups of the mean over resamples), mean_ari, smallest_share
        and is_stable.
    """
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    generator = np.random.default_rng([rules.seed, k])
    if len(matrix) > rules.stability_rows:
        chosen = np.sort(generator.choice(len(matrix), rules.stability_rows, replace=False))
        matrix = matrix[chosen]
    base = KMeans(k, n_init=10, random_state=rules.seed).fit(matrix).labels_
    jaccard, ari = np.zeros(k), 0.0
    for resample in range(rules.resamples):
        drawn = generator.integers(0, len(matrix), len(matrix))
        fitted = KMeans(k, n_init=3, random_state=rules.seed + resample + 1).fit(matrix[drawn])
        labels = fitted.predict(matrix)
        jaccard += _best_jaccard(base, labels, k)
        ari += adjusted_rand_score(base, labels)
    sizes = np.bincount(base, minlength=k)
    share = float(sizes.min() / len(matrix))
    min_jaccard = float(jaccard.min() / rules.resamples)
    is_stable = (
        min_jaccard >= rules.minimum_jaccard
        and share >= rules.minimum_share
        and int(sizes.min()) >= rules.minimum_cell_users
    )
    return {
        "k": k,
        "min_jaccard": round(min_jaccard, 4),
        "mean_ari": round(float(ari) / rules.resamples, 4),
        "smallest_share": round(share, 4),
        "is_stable": is_stable,
    }


def _best_jaccard(base: Any, other: Any, k: int) -> Any:
    """For each group of `base`, its Jaccard similarity with the most similar group of `other`."""
    import numpy as np

    both = np.bincount(base * k + other, minlength=k * k).reshape(k, k)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return (both / np.maximum(either, 1)).max(axis=1)


def described(
    sample: pl.DataFrame,
    matrix: Matrix,
    scaling: Scaling,
    centroids: Matrix,
    priors: FeaturePriors,
    rules: ClusterRules,
    tried: list[dict[str, Any]],
    ids: tuple[int, ...] | None = None,
    names: tuple[str, ...] | None = None,
) -> ClusterResult:
    """The model with these centroids, how good it is on the sample, and its rules.

    `ids` and `names` are 1..k and read off the centroids unless given.
    """
    import numpy as np
    import sklearn
    from sklearn.metrics import silhouette_score

    k = len(centroids)
    rows = tuple(tuple(row) for row in centroids.tolist())
    model = ClusterModel(
        features=scaling.features,
        clip=scaling.clip,
        mean=scaling.mean,
        sd=scaling.sd,
        centroids=rows,
        cluster_ids=ids or tuple(range(1, k + 1)),
        names=names or tuple(name_clusters(scaling.features, rows)),
        priors=priors,
        seed=rules.seed,
        sklearn_version=sklearn.__version__,
    )
    labels, inertia = nearest(matrix, centroids)
    total = float(((matrix - matrix.mean(axis=0)) ** 2).sum())
    silhouette = silhouette_score(
        matrix, labels, sample_size=min(5_000, len(matrix)), random_state=rules.seed
    )
    explained = explain(
        sample,
        labels,
        model,
        max(rules.minimum_cell_users, int(rules.minimum_share * len(matrix))),
        rules.seed,
    )
    message = f"{k} behaviour clusters, fitted on {len(matrix)} paying users"
    quality = {
        "is_usable": True,
        "message": message,
        "tried": tried,
        "k": k,
        "inertia": round(inertia, 4),
        "explained_share": round(1 - inertia / total, 4),
        "silhouette": round(float(silhouette), 4),
        "shares": [
            round(float(share), 4) for share in np.bincount(labels, minlength=k) / len(matrix)
        ],
        "tree_fidelity": round(explained.fidelity, 4),
    }
    return ClusterResult(model, len(matrix), quality, message, explained)


def nearest(matrix: Matrix, centroids: Matrix) -> tuple[Any, float]:
    """Row of the nearest centroid for each user, and the sum of squared distances to them."""
    from sklearn.metrics import pairwise_distances_argmin_min

    labels, distances = pairwise_distances_argmin_min(matrix, centroids)
    return labels, float((distances**2).sum())
