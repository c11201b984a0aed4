"""Behaviour clusters: found where they are, repeatable, and the same in SQL as in scikit-learn."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from pipelines.segments.clusters import ClusterRules, _best_jaccard, fit_clusters, nearest
from pipelines.segments.features import (
    FEATURE_NAMES,
    natural_sql,
    read_priors,
    read_sample,
    transformed,
)
from pipelines.segments.naming import TRAITS, name_clusters, with_own_names
from pipelines.segments.prediction import ClusterModel, assignment_sql

RULES = ClusterRules(candidates=(3, 4), resamples=5)


def fit(con, rules=RULES):
    priors = read_priors(con)
    return fit_clusters(read_sample(con, priors, rules.sample_rows), priors, rules)


def test_segments_planted_groups_are_found(planted):
    model = fit(planted, replace(RULES, candidates=(3,))).model
    rows = planted.execute(
        f"""
        select cluster_id, median_ticket < 100, wallets_used
        from ({assignment_sql(model)}) inner join marts.dim_users using (user_key)
        """
    ).fetchall()
    truth = [str(row[1:]) for row in rows]
    assert len(rows) == 1500
    assert adjusted_rand_score(truth, [row[0] for row in rows]) > 0.99


def test_segments_fit_does_not_depend_on_row_order_or_threads(planted):
    first = fit(planted)
    planted.execute(
        "create or replace table marts.dim_users as"
        " select * from marts.dim_users order by md5('x' || user_key::varchar)"
    )
    planted.execute("set threads = 1")
    with threadpool_limits(limits=2):
        again = fit(planted)
    assert first.model.to_json() == again.model.to_json()
    assert first.quality == again.quality


@pytest.mark.parametrize("overlapping", [False, True])
def test_segments_sql_assigns_exactly_what_scikit_learn_predicts(planted, overlapping):
    model = fit(planted).model
    if overlapping:
        # Eight centroids amid the users, so that many users lie close to a border.
        drawn = np.random.default_rng(5).normal(0, 0.6, (8, len(model.features)))
        model = replace(
            model,
            centroids=tuple(map(tuple, drawn.tolist())),
            names=tuple(f"group's {number}" for number in range(8)),
            cluster_ids=(7, 3, 12, 1, 2, 5, 9, 4),
        )
    assert ClusterModel.from_json(model.to_json()) == model
    frame = planted.sql(f"select * from ({natural_sql(model.priors)}) order by user_key").pl()
    raw = transformed(frame).select(model.features).to_numpy()
    scaled = (np.minimum(raw, model.clip) - model.mean) / model.sd
    centroids = np.array(model.centroids)
    twin = KMeans(len(centroids), init=centroids, n_init=1, max_iter=1).fit(scaled)
    twin.cluster_centers_ = centroids
    rows = planted.execute(f"select * from ({assignment_sql(model)}) order by user_key").fetchall()
    assert len({row[1] for row in rows}) >= 3
    places = [model.cluster_ids.index(row[1]) for row in rows]
    assert places == twin.predict(scaled).tolist()
    assert [row[2] for row in rows] == [model.names[place] for place in places]
    nearest = np.sort(twin.transform(scaled), axis=1)
    margins = 1 - nearest[:, 0] / nearest[:, 1]
    assert [row[3] for row in rows] == pytest.approx(margins.tolist(), abs=1e-9)


def test_segments_model_learned_elsewhere_still_predicts_users_it_has_not_seen(planted):
    model = fit(planted, replace(RULES, sample_rows=600)).model
    (users, nulls), *_ = planted.execute(
        f"select count(*), count(*) filter (cluster_margin is null) from ({assignment_sql(model)})"
    ).fetchall()
    assert (users, nulls) == (1500, 0)


def test_segments_too_few_users_say_so(planted):
    result = fit(planted, replace(RULES, minimum_users=1501))
    assert result.model is None
    assert "1500 paying users, at least 1501" in result.message
    assert result.quality["is_usable"] is False


def test_segments_users_who_are_all_alike_give_no_clusters(con):
    sample = pl.DataFrame({name: [1.0] * 800 for name in FEATURE_NAMES})
    result = fit_clusters(sample, read_priors(con), RULES)
    assert result.model is None
    assert "drawn again" in result.message


def test_segments_one_cloud_without_groups_is_not_cut_into_many(con):
    cloud = np.random.default_rng(1).normal(5, 1, (1500, len(FEATURE_NAMES)))
    rules = replace(RULES, candidates=(6, 7, 8))
    result = fit_clusters(pl.DataFrame(cloud, list(FEATURE_NAMES)), read_priors(con), rules)
    assert result.model is None
    assert [trial["is_stable"] for trial in result.quality["tried"]] == [False] * 3


def test_segments_tiny_groups_are_refused_even_when_stable(planted):
    result = fit(planted, replace(RULES, minimum_cell_users=501))
    assert result.model is None
    assert any(trial["min_jaccard"] > 0.9 for trial in result.quality["tried"])


def test_segments_jaccard_ignores_how_groups_are_numbered():
    base = np.array([0, 0, 1, 1, 2, 2])
    assert _best_jaccard(base, np.array([2, 2, 0, 0, 1, 1]), 3).tolist() == [1, 1, 1]
    half = _best_jaccard(base, np.array([0, 1, 1, 1, 2, 2]), 3)
    assert half.tolist() == pytest.approx([1 / 2, 2 / 3, 1])


def test_segments_names_are_words_unique_and_repeatable():
    features = ["recency_days", "net_amount", "refund_rate_smoothed"]
    centroids = [[-1.0, 0.9, 0.0], [-1.0, 0.9, 0.8], [1.2, 0.1, -0.3], [0.1, 0.0, 0.2]]
    names = name_clusters(features, centroids)
    assert names == [
        "recent + high spend",
        "recent + high spend + refund-prone",
        "lapsed + few refunds",
        "average",
    ]
    assert name_clusters(features, [[0, 0, 0], [0, 0, 0]]) == ["average", "average 2"]
    taken = ["recent + high spend"]
    assert name_clusters(features, centroids[:1], taken) == ["recent + high spend 2"]
    assert set(TRAITS) == set(FEATURE_NAMES)
    assert len(FEATURE_NAMES) <= 12


def test_segments_own_names_win_and_must_differ():
    assert with_own_names((4, 9), ("a", "b"), {9: "regulars"}) == ("a", "regulars")
    with pytest.raises(ValueError, match="cluster_names"):
        with_own_names((4, 9), ("a", "b"), {9: "a"})


def test_segments_model_json_is_plain_numbers(planted):
    definition = json.loads(fit(planted).model.to_json())
    assert set(definition) >= {"features", "clip", "mean", "sd", "centroids", "names", "seed"}
    assert "user" not in json.dumps(definition)


def test_segments_rules_as_sql_say_what_the_tree_says(planted):
    """Each user falls into exactly one rule, and as many agree with the model as is claimed."""
    result = fit(planted)
    model, rules = result.model, result.rules
    cases = " ".join(f"when {rule.sql} then {number}" for number, rule in enumerate(rules.rules))
    ones = " + ".join(f"(case when {rule.sql} then 1 else 0 end)" for rule in rules.rules)
    rows = planted.execute(
        f"""
        select case {cases} end, {ones}, cluster_id
        from ({natural_sql(model.priors)}) inner join ({assignment_sql(model)}) using (user_key)
        """
    ).fetchall()
    assert {row[1] for row in rows} == {1}
    agreeing = sum(rules.rules[row[0]].cluster_id == row[2] for row in rows)
    assert agreeing / len(rows) == pytest.approx(rules.fidelity)
    assert rules.fidelity >= 0.85
    for number, rule in enumerate(rules.rules):
        inside = [row for row in rows if row[0] == number]
        assert rule.users == len(inside) >= RULES.minimum_cell_users
        assert rule.agreeing == sum(row[2] == rule.cluster_id for row in inside)


def test_segments_model_of_a_sample_serves_all_users_nearly_as_well(planted):
    """Inertia on all users within half a percent of a fit on all of them."""
    result = fit(planted, replace(RULES, sample_rows=900))
    priors = result.model.priors
    frame = transformed(read_sample(planted, priors, 10_000)).select(result.model.features)
    raw = np.minimum(frame.to_numpy(), result.model.clip)
    matrix = (raw - result.model.mean) / result.model.sd
    k = len(result.model.centroids)
    _, inertia = nearest(matrix, np.array(result.model.centroids))
    assert inertia / KMeans(k, n_init=10, random_state=1).fit(matrix).inertia_ < 1.005
