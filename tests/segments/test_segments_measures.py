"""Measures of scores, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.segments.measures import gini, measure_scores, top_tenth, verdict

COUNTS = st.lists(st.integers(0, 9), min_size=3, max_size=30).map(
    lambda values: np.array([*values, 3.0], dtype=float)
)


def test_segments_gini_is_one_for_the_right_order_and_zero_for_none():
    actual = np.array([0.0, 1.0, 2.0, 7.0])
    assert gini(actual * 3 + 1, actual) == pytest.approx(1)
    assert gini(-actual, actual) == pytest.approx(-1)
    assert gini(np.ones(4), actual) == pytest.approx(0)


def test_segments_top_tenth_is_what_the_best_tenth_holds():
    predicted = np.arange(20.0)
    actual = np.array([1.0] * 18 + [3.0, 9.0])
    assert top_tenth(predicted, actual) == pytest.approx(12 / 30)
    assert top_tenth(np.ones(20), actual) == pytest.approx(0.1)


@given(actual=COUNTS, seed=st.integers(0, 2**31))
def test_segments_measures_do_not_depend_on_the_order_of_users(actual, seed):
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, 4, len(actual)).astype(float)
    order = rng.permutation(len(actual))
    assert gini(predicted, actual) == pytest.approx(gini(predicted[order], actual[order]))
    assert top_tenth(predicted, actual) == pytest.approx(top_tenth(predicted[order], actual[order]))


@pytest.mark.parametrize(
    ("metric", "value", "baseline", "expected"),
    [
        ("active_auc", 0.83, 0.80, "better"),
        ("active_auc", 0.805, 0.80, "equal"),
        ("active_auc", 0.70, 0.80, "worse"),
        ("orders_mae", 0.20, 0.40, "better"),
        ("orders_mae", 0.398, 0.40, "equal"),
        ("orders_total_ratio", 1.07, 1.49, "better"),
        ("orders_total_ratio", 0.5, 1.1, "worse"),
    ],
)
def test_segments_verdicts(metric, value, baseline, expected):
    assert verdict(metric, value, baseline) == expected


def test_segments_a_score_that_is_noise_is_called_worse_than_past_orders():
    rng = np.random.default_rng(1)
    n = 2_000
    repeats = rng.integers(0, 12, n)
    buyers = pl.DataFrame(
        {
            "repeats": repeats,
            "recency_days": repeats * 10,
            "age_days": np.full(n, 200),
            "paid_repeats": repeats,
            "mean_spend": np.full(n, 5.0),
            "lifecycle_segment": ["champions"] * n,
            "recency_score": np.minimum(5, 1 + repeats // 3),
            "p_active": rng.random(n),
            "expected_orders": rng.random(n),
            "expected_spend": rng.random(n),
            "orders": rng.poisson(repeats / 4).astype(float),
            "spend": repeats * 2.0,
        }
    )
    found = {row["metric"]: row["verdict"] for row in measure_scores(buyers, 90).rows(named=True)}
    worse = {"active_auc", "orders_gini", "orders_correlation", "spend_gini"}
    assert {name for name in worse if found[name] != "worse"} == set()
    # One segment for all explains nothing; recency does.
    assert found["segments_explained_share"] == "worse"


def test_segments_without_an_outcome_there_is_no_measure():
    nobody = pl.DataFrame(
        {
            "repeats": [0, 1],
            "recency_days": [0, 5],
            "age_days": [9, 9],
            "paid_repeats": [0, 1],
            "mean_spend": [None, 4.0],
            "lifecycle_segment": ["a", "b"],
            "recency_score": [1, 2],
            "p_active": [0.1, 0.2],
            "expected_orders": [0.1, 0.2],
            "expected_spend": [1.0, 2.0],
            "orders": [0.0, 0.0],
            "spend": [0.0, 0.0],
        }
    )
    assert measure_scores(nobody, 30).is_empty()
