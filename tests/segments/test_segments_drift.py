"""A frozen behaviour model: kept while users are the same, succeeded when they are not."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.segments.behaviour import KIND, behaviour_in_force
from pipelines.segments.clusters import ClusterRules, fit_clusters
from pipelines.segments.drift import Drift, inherit, measure, references, refit
from pipelines.segments.features import FEATURE_NAMES, read_priors, read_sample
from pipelines.warehouse.store import ModelStore, StoreError

RULES = ClusterRules(candidates=(3,), resamples=3)
TODAY = date(2026, 6, 30)
# Everybody pays more often, more each time and has been away for longer.
MOVED = """
update marts.dim_users set paid_orders = paid_orders * 3, net_amount = net_amount * 9,
    median_ticket = median_ticket * 3, last_paid_date = last_paid_date - 40
where paid_orders > 0
"""


def in_force(con, store, names=None):
    return behaviour_in_force(con, store, RULES, TODAY, names or {})


def test_segments_population_stability_index_is_the_textbook_sum():
    sample = pl.DataFrame({"wallet_entropy": [float(value) for value in range(1000)]})
    reference = references(sample)
    assert measure(sample, reference).psi == {"wallet_entropy": 0.0}
    # The upper half twice as often as before, the lower half not at all but for the floor of 1e-4.
    upper = pl.DataFrame({"wallet_entropy": [float(value) for value in range(500, 1000)] * 2})
    now, then = np.array([1e-4] * 5 + [0.2] * 5), np.full(10, 0.1)
    by_hand = float(((now - then) * np.log(now / then)).sum())
    assert measure(upper, reference).psi["wallet_entropy"] == pytest.approx(by_hand, rel=0.02)


def test_segments_one_drifting_feature_is_watched_and_two_force_a_refit():
    one = Drift({"a": 0.5, "b": 0.15, "c": 0.05})
    assert (one.needs_refit, one.watched) == (False, ["a", "b"])
    assert Drift({"a": 0.5, "b": 0.21}).needs_refit


def test_segments_model_is_fitted_once_and_then_kept(planted, tmp_path):
    store = ModelStore(tmp_path)
    first = in_force(planted, store)
    planted.execute(
        "create or replace table marts.dim_users as"
        " select * from marts.dim_users order by md5('y' || user_key::varchar)"
    )
    again = in_force(planted, store)
    assert again.model == first.model
    assert again.model_id == "behaviour_clusters-v1"
    assert len(store.versions(KIND)) == 1
    assert set(again.quality["psi"].values()) == {0.0}


def test_segments_drift_makes_a_successor_that_keeps_ids_and_names(planted, tmp_path):
    store = ModelStore(tmp_path)
    first = in_force(planted, store)
    planted.execute(MOVED)
    second = in_force(planted, store)
    assert second.model_id == "behaviour_clusters-v2"
    assert len(second.model.centroids) == len(first.model.centroids)
    stored = store.latest(KIND)
    assert stored["parent_version"] == 1
    assert sum(value > 0.2 for value in stored["drift_of_parent"].values()) >= 2
    kept = set(first.model.cluster_ids) & set(second.model.cluster_ids)
    fresh = set(second.model.cluster_ids) - kept
    assert all(id_ >= store.versions(KIND)[0]["next_id"] for id_ in fresh)
    assert stored["next_id"] > max(second.model.cluster_ids)
    names = dict(zip(first.model.cluster_ids, first.model.names, strict=True))
    for id_, name in zip(second.model.cluster_ids, second.model.names, strict=True):
        assert id_ not in kept or name == names[id_]
    assert in_force(planted, store).model == second.model


def test_segments_refit_on_the_same_users_changes_no_membership(planted):
    priors = read_priors(planted)
    sample = read_sample(planted, priors, RULES.sample_rows)
    old = fit_clusters(sample, priors, RULES).model
    new = refit(sample, priors, RULES, old, next_id=4).model
    assert (new.cluster_ids, new.names) == (old.cluster_ids, old.names)
    assert np.allclose(new.centroids, old.centroids, atol=1e-6)


@settings(max_examples=30)
@given(st.permutations(range(5)), st.integers(0, 2**31))
def test_segments_hungarian_matching_recovers_any_permutation(order, seed):
    centroids = np.random.default_rng(seed).normal(0, 3, (5, len(FEATURE_NAMES)))
    old = _model(centroids)
    ids, names = inherit(centroids, centroids[order], old, FEATURE_NAMES, next_id=50)
    assert ids == tuple(old.cluster_ids[place] for place in order)
    assert names == tuple(old.names[place] for place in order)


def test_segments_a_cluster_far_from_all_old_ones_gets_an_id_never_used_before():
    centroids = np.random.default_rng(3).normal(0, 1, (3, len(FEATURE_NAMES)))
    old = _model(centroids)
    now = np.vstack([centroids[:2], centroids[2] + 5])
    ids, names = inherit(centroids, now, old, FEATURE_NAMES, next_id=77)
    assert ids == (*old.cluster_ids[:2], 77)
    assert len(set(names)) == 3


def _model(centroids):
    from pipelines.segments.features import FeaturePriors
    from pipelines.segments.prediction import ClusterModel

    k, width = centroids.shape
    return ClusterModel(
        FEATURE_NAMES,
        (9.0,) * width,
        (0.0,) * width,
        (1.0,) * width,
        tuple(map(tuple, centroids.tolist())),
        tuple(range(11, 11 + k)),
        tuple(f"group {number}" for number in range(k)),
        FeaturePriors(0, 0, 0, 0, 30),
        1,
        "1",
    )


def test_segments_own_names_are_shown_and_not_stored(planted, tmp_path):
    store = ModelStore(tmp_path)
    named = in_force(planted, store, {1: "Regulars"})
    assert named.model.names[named.model.cluster_ids.index(1)] == "Regulars"
    assert "Regulars" not in json.dumps(store.latest(KIND))


def test_segments_store_never_overwrites_and_refuses_a_broken_file(tmp_path):
    store = ModelStore(tmp_path / "models")
    assert store.latest("thing") is None
    assert [store.add("thing", {"value": n})["version"] for n in (7, 8)] == [1, 2]
    assert [document["value"] for document in store.versions("thing")] == [7, 8]
    leftovers = [path.name for path in store.folder.iterdir() if path.name.endswith(".tmp")]
    assert leftovers == []
    (store.folder / "thing-v0003.json").write_text('{"value": 9', encoding="utf-8")
    with pytest.raises(StoreError, match=r"thing-v0003\.json.*Restore it"):
        store.latest("thing")
