"""Rates of users with few cases: drawn to the average, flagged only when certain."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.segments.rates import RatePrior, fit_prior, rates


def test_segments_prior_is_found_again():
    rng = np.random.default_rng(2)
    cases = rng.integers(1, 30, 15_000).astype(float)
    hits = rng.binomial(cases.astype(int), rng.beta(0.9, 3.72, 15_000)).astype(float)
    prior = fit_prior(hits, cases, np.ones(15_000))
    assert (prior.hits, prior.misses) == pytest.approx((0.9, 3.72), rel=0.08)
    # The squared error of the true rate, against the raw rate: the reason for all this.
    assert prior.mean == pytest.approx(0.9 / 4.62, rel=0.02)


def test_segments_nothing_to_compare_gives_no_rate():
    users = np.ones(3)
    assert fit_prior(np.zeros(3), np.ones(3), users) is None
    assert fit_prior(np.ones(3), np.ones(3), users) is None
    counts = pl.DataFrame({"hits": [0], "cases": [4]})
    assert rates(counts, None).row(0) == (0, 4, None, None, False)


def test_segments_users_who_do_not_differ_share_one_rate():
    rng = np.random.default_rng(3)
    cases = np.full(5_000, 8.0)
    hits = rng.binomial(8, 0.1, 5_000).astype(float)
    prior = fit_prior(hits, cases, np.ones(5_000))
    found = rates(pl.DataFrame({"hits": [0, 4], "cases": [8, 8]}), prior)
    assert found["expected_rate"].to_list() == pytest.approx([0.1, 0.1], abs=0.02)


def test_segments_one_refund_of_one_order_is_not_prone_but_eight_of_ten_are():
    found = rates(pl.DataFrame({"hits": [1, 8, 0], "cases": [1, 10, 10]}), RatePrior(1, 9))
    assert found["is_prone"].to_list() == [False, True, False]


@given(hits=st.integers(0, 50), more=st.integers(0, 50))
def test_segments_bound_lies_below_the_rate_and_rises_with_every_hit(hits, more):
    cases = hits + more + 1
    frame = pl.DataFrame({"hits": [hits, hits + 1], "cases": [cases, cases]})
    found = rates(frame, RatePrior(0.7, 6.0))
    low, rate = found["rate_low"].to_list(), found["expected_rate"].to_list()
    assert low[0] < rate[0] < 1
    assert low[0] < low[1]
    assert rate[0] < rate[1]
