"""The Wilson interval against published values."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.warehouse.wilson import wilson_sql

# Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3 (score, no correction).
PUBLISHED = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


def interval(successes: int | str, trials: int | str) -> tuple[float | None, float | None]:
    low, high = wilson_sql(str(successes), str(trials))
    with duckdb.connect() as con:
        return con.execute(f"select {low}, {high}").fetchall()[0]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), PUBLISHED)
def test_failures_wilson_gives_the_published_bounds(successes, trials, low, high):
    assert interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("trials", [1, 2, 7, 30, 1_000_000, 3_000_000_000])
def test_failures_wilson_stays_within_0_and_1_and_mirrors(trials):
    low, high = interval(0, trials)
    assert low == 0
    assert 0 < high < 1
    assert interval(trials, trials) == pytest.approx((1 - high, 1), abs=1e-12)


def test_failures_wilson_without_trials_is_null():
    assert interval(0, 0) == (None, None)
    assert interval("null", "null") == (None, None)
