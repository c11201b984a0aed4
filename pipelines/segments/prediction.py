"""Applying a behaviour-cluster model to all users as one SQL statement.

What belongs here: the model (plain numbers, to and from JSON) and the SQL generated from it. What
does not: fitting (`clusters.py`). Nothing here needs scikit-learn: a model of last month can be
applied by anybody who holds its JSON and a DuckDB shell.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from pipelines.segments.features import RatePriors, double_sql, features_sql


@dataclass(frozen=True)
class ClusterModel:
    """A fitted k-means model, complete enough to reproduce every assignment.

    Attributes:
        features: the model's features, in the order of all tuples below.
        clip: largest value of each feature that counts (the 99.5th percentile of the sample).
        mean: mean of the clipped feature.
        sd: standard deviation of the clipped feature, above 0.
        centroids: k rows of z-scores; row i is cluster i + 1.
        names: k unique names.
        priors: averages that the rates are drawn towards.
        seed: seed of the fit.
        sklearn_version: version that fitted it.
    """

    features: tuple[str, ...]
    clip: tuple[float, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    centroids: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    priors: RatePriors
    seed: int
    sklearn_version: str

    def to_json(self) -> str:
        """The model as JSON with sorted keys; floats keep every digit."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ClusterModel:
        """The model written by `to_json`; raises KeyError or TypeError on anything else."""
        raw = json.loads(text)
        raw["priors"] = RatePriors(**raw["priors"])
        raw["centroids"] = tuple(tuple(row) for row in raw["centroids"])
        for name in ("features", "clip", "mean", "sd", "names"):
            raw[name] = tuple(raw[name])
        return cls(**raw)

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change with any number of the model."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:8]


def assignment_sql(model: ClusterModel, users: str = "marts.dim_users") -> str:
    """SQL giving user_key, cluster_id, cluster_name, cluster_margin for every paying user.

    cluster_id is the nearest centroid, counted from 1 (the lower id when two are equally near, as
    scikit-learn does). cluster_margin is 1 - nearest / second nearest distance: 0 means on the
    border, 1 means exactly at the centre.
    """
    columns = zip(model.features, model.clip, model.mean, model.sd, strict=True)
    scaled = ",\n            ".join(
        f"(least({name}, {double_sql(clip)}) - {double_sql(mean)}) / {double_sql(sd)} as {name}"
        for name, clip, mean, sd in columns
    )
    distances = ",\n            ".join(
        "sqrt("
        + " + ".join(
            f"({name} - {double_sql(center)}) ** 2"
            for name, center in zip(model.features, centroid, strict=True)
        )
        + ")"
        for centroid in model.centroids
    )
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in model.names)
    return f"""
    with features as ({features_sql(model.priors, users)}),
    scaled as (
        select
            user_key,
            {scaled}
        from features
    ),
    measured as (
        select user_key, [
            {distances}
        ] as distances
        from scaled
    ),
    ranked as (
        select user_key, distances, list_sort(distances) as nearest from measured
    )
    select
        user_key,
        list_position(distances, nearest[1])::integer as cluster_id,
        [{names}][list_position(distances, nearest[1])] as cluster_name,
        1 - nearest[1] / nullif(nearest[2], 0) as cluster_margin
    from ranked
    """
