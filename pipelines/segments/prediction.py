"""Applying a behaviour-cluster model to all users as one SQL statement.

What belongs here: the model (plain numbers, to and from JSON) and the SQL generated from it. What
does not: fitting (`clusters.py`). Nothing here needs scikit-learn: a model of last month can be
applied by anybody who holds its JSON and a DuckDB shell.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from pipelines.segments.features import FEATURES, FeaturePriors, double_sql, natural_sql


@dataclass(frozen=True)
class ClusterModel:
    """A fitted k-means model, complete enough to reproduce every assignment.

    Attributes:
        features: the model's features, in the order of all tuples below.
        clip: largest value of each (transformed) feature that counts: the sample's 99.5th
        percentile.
        mean: mean of the clipped feature.
        sd: standard deviation of the clipped feature, above 0.
        centroids: k rows of z-scores.
        cluster_ids: id of each row, never used for another cluster again.
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
    cluster_ids: tuple[int, ...]
    names: tuple[str, ...]
    priors: FeaturePriors
    seed: int
    sklearn_version: str

    def to_json(self) -> str:
        """The model as JSON with sorted keys; floats keep every digit."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ClusterModel:
        """The model written by `to_json`; raises KeyError or TypeError on anything else."""
        raw = json.loads(text)
        raw["priors"] = FeaturePriors(**raw["priors"])
        raw["centroids"] = tuple(tuple(row) for row in raw["centroids"])
        for name in ("features", "clip", "mean", "sd", "names", "cluster_ids"):
            raw[name] = tuple(raw[name])
        return cls(**raw)

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change with any number of the model."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:8]


def assignment_sql(model: ClusterModel) -> str:
    """SQL giving user_key, cluster_id, cluster_name, cluster_margin for every paying user."""
    return nearest_sql(model, natural_sql(model.priors))


def nearest_sql(model: ClusterModel, natural: str) -> str:
    """SQL giving the nearest centroid for each row of `natural` (user_key and natural features).

    Of two equally near centroids the first wins, as in scikit-learn. cluster_margin is 1 - nearest
    / second nearest distance: 0 means on the border, 1 means exactly at the centre. Squared
    distances are compared; roots are taken of the two nearest only.
    """
    of_model = {feature.name: feature.model_sql for feature in FEATURES}
    columns = zip(model.features, model.clip, model.mean, model.sd, strict=True)
    scaled = ",\n            ".join(
        f"(least({of_model[name]}, {double_sql(clip)}) - {double_sql(mean)}) / {double_sql(sd)}"
        f" as {name}"
        for name, clip, mean, sd in columns
    )
    distances = ",\n            ".join(
        " + ".join(
            f"({name} - {double_sql(center)}) * ({name} - {double_sql(center)})"
            for name, center in zip(model.features, centroid, strict=True)
        )
        for centroid in model.centroids
    )
    ids = ", ".join(str(id_) for id_ in model.cluster_ids)
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in model.names)
    return f"""
    with scaled as (
        select
            user_key,
            {scaled}
        from ({natural})
    ),
    measured as (
        select user_key, [
            {distances}
        ] as distances
        from scaled
    ),
    ranked as (
        select
            user_key,
            list_position(distances, list_min(distances)) as place,
            list_sort(distances)[1:2] as nearest
        from measured
    )
    select
        user_key,
        [{ids}][place]::integer as cluster_id,
        [{names}][place] as cluster_name,
        1 - sqrt(nearest[1]) / nullif(sqrt(nearest[2]), 0) as cluster_margin
    from ranked
    """
