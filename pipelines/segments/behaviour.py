"""The behaviour model in force: fitted once, stored, watched for drift, refitted only then.

What belongs here: deciding between the stored model, a first fit and a refit, and the stored form
of a version. What does not: fitting (`clusters.py`), drift (`drift.py`) and files
(`pipelines.warehouse.store`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.segments.clusters import ClusterResult, ClusterRules, fit_clusters
from pipelines.segments.drift import (
    Drift,
    Reference,
    carried_over,
    inherit,
    measure,
    references,
    refit,
)
from pipelines.segments.features import read_priors, read_sample
from pipelines.segments.naming import with_own_names
from pipelines.segments.prediction import ClusterModel
from pipelines.warehouse.store import ModelStore

if TYPE_CHECKING:
    import duckdb

KIND = "behaviour_clusters"


@dataclass(frozen=True)
class Behaviour:
    """The model in force.

    Attributes:
        model: with the merchant's own names; None when there are no clusters.
        model_id: names the version; ends in `none` without a model.
        trained_on: as-of date of the fit, and users it was fitted on.
        quality: JSON-ready quality of the fit, with the drift since.
        rules: JSON-ready rules of the tree (`RuleSet.as_dict`).
        message: what a person should know.
    """

    model: ClusterModel | None
    model_id: str
    trained_on: tuple[date, int]
    quality: dict[str, Any]
    rules: dict[str, Any]
    message: str


def behaviour_in_force(
    con: duckdb.DuckDBPyConnection,
    store: ModelStore,
    rules: ClusterRules,
    as_of: date,
    own_names: Mapping[int, str],
) -> Behaviour:
    """The stored model, a first one, or the successor of one from which users have drifted away.

    Raises:
        pipelines.warehouse.store.StoreError: a stored version cannot be read.
        ValueError: the merchant's own names give two clusters one name.
    """
    stored = store.latest(KIND)
    if stored is None:
        return _first(con, store, rules, as_of, own_names)
    model = ClusterModel.from_json(json.dumps(stored["model"]))
    sample = read_sample(con, model.priors, rules.sample_rows)
    if sample.height < rules.minimum_users:
        return _as_behaviour(stored, Drift({}), own_names)
    trained_on = {
        name: Reference(tuple(spread["edges"]), tuple(spread["shares"]))
        for name, spread in stored["references"].items()
    }
    drift = measure(sample, trained_on)
    if not drift.needs_refit:
        return _as_behaviour(stored, drift, own_names)
    return _successor(con, store, rules, as_of, own_names, stored, drift)


def _first(
    con: duckdb.DuckDBPyConnection,
    store: ModelStore,
    rules: ClusterRules,
    as_of: date,
    own_names: Mapping[int, str],
) -> Behaviour:
    priors = read_priors(con)
    sample = read_sample(con, priors, rules.sample_rows)
    result = fit_clusters(sample, priors, rules)
    if result.model is None:
        return Behaviour(
            None, f"{KIND}-none", (as_of, sample.height), result.quality, {}, result.message
        )
    spread = references(sample)
    document = store.add(KIND, _content(result, as_of, spread, parent=None))
    return _as_behaviour(document, measure(sample, spread), own_names)


def _successor(
    con: duckdb.DuckDBPyConnection,
    store: ModelStore,
    rules: ClusterRules,
    as_of: date,
    own_names: Mapping[int, str],
    stored: dict[str, Any],
    drift: Drift,
) -> Behaviour:
    """Refit with the same number of clusters; choose the number anew where that is not stable."""
    old = ClusterModel.from_json(json.dumps(stored["model"]))
    priors = read_priors(con)
    sample = read_sample(con, priors, rules.sample_rows)
    result = refit(sample, priors, rules, old, stored["next_id"])
    if result.model is None:
        result = _chosen_anew(fit_clusters(sample, priors, rules), old, stored["next_id"])
    if result.model is None:
        kept = _as_behaviour(stored, drift, own_names)
        note = "Users have drifted, but no new grouping is stable: the model before is kept."
        return replace(kept, message=f"{kept.message}. {note}")
    spread = references(sample)
    document = store.add(KIND, _content(result, as_of, spread, parent=stored, drift=drift))
    return _as_behaviour(document, measure(sample, spread), own_names)


def _chosen_anew(result: ClusterResult, old: ClusterModel, next_id: int) -> ClusterResult:
    """A fit from scratch with the ids and names of the old clusters that are still there."""
    import numpy as np

    from pipelines.segments.clusters import Scaling

    model = result.model
    if model is None:
        return result
    scaling = Scaling(model.features, model.clip, model.mean, model.sd)
    ids, names = inherit(
        carried_over(old, scaling), np.array(model.centroids), old, model.features, next_id
    )
    of_row = dict(zip(model.cluster_ids, ids, strict=True))
    rules = result.rules
    if rules is not None:
        renamed = tuple(replace(rule, cluster_id=of_row[rule.cluster_id]) for rule in rules.rules)
        rules = replace(rules, rules=renamed)
    return replace(result, model=replace(model, cluster_ids=ids, names=names), rules=rules)


def _content(
    result: ClusterResult,
    as_of: date,
    spread: dict[str, Reference],
    parent: dict[str, Any] | None,
    drift: Drift | None = None,
) -> dict[str, Any]:
    assert result.model is not None  # noqa: S101 - callers store fitted models only
    assert result.rules is not None  # noqa: S101
    used = parent["next_id"] if parent else 1
    return {
        "as_of_date": as_of.isoformat(),
        "trained_users": result.trained_users,
        "model": asdict(result.model),
        "quality": result.quality,
        "rules": result.rules.as_dict(),
        "references": {name: asdict(reference) for name, reference in spread.items()},
        "next_id": max(used, *(id_ + 1 for id_ in result.model.cluster_ids)),
        "parent_version": parent["version"] if parent else None,
        "drift_of_parent": drift.psi if drift else None,
    }


def _as_behaviour(
    document: dict[str, Any], drift: Drift, own_names: Mapping[int, str]
) -> Behaviour:
    model = ClusterModel.from_json(json.dumps(document["model"]))
    names = with_own_names(model.cluster_ids, model.names, own_names)
    watched = f"; watch {', '.join(drift.watched)} (drift)" if drift.watched else ""
    as_of = date.fromisoformat(document["as_of_date"])
    return Behaviour(
        model=replace(model, names=names),
        model_id=f"{KIND}-v{document['version']}",
        trained_on=(as_of, document["trained_users"]),
        quality=document["quality"] | {"psi": drift.psi},
        rules=document["rules"],
        message=(
            f"{len(names)} behaviour clusters, version {document['version']} fitted on"
            f" {document['trained_users']} paying users up to {as_of}{watched}"
        ),
    )
