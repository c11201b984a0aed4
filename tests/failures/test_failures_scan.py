"""The cube scan names the planted slice, and nothing where nothing changed."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.failures.cube_scan import ScanRules, is_related, null_maxima, scan_cube, slices_sql
from pipelines.failures.expectation import expected_failures
from pipelines.failures.mix_rate import mix_rate_sql

NAMES = ["wallet", "os", "region", "bank"]
SIZES = [2, 3, 6, 4]
RULES = ScanRules(replicates=99)


def merchant(seed: int, fault=None, shares=None, size: int = 12_000) -> pl.DataFrame:
    """Leaves of a merchant whose values differ in their failure rates all the time."""
    rng = np.random.default_rng(seed)
    usual = [rng.dirichlet(np.full(n, 3.0)) for n in SIZES]
    effects = [rng.normal(0, 0.6, n) for n in SIZES]

    def draw(attempts: int, shares: list, fault) -> pl.DataFrame:
        values = [rng.choice(n, attempts, p=p) for n, p in zip(SIZES, shares, strict=True)]
        logit = -2.5 + sum(e[v] for e, v in zip(effects, values, strict=True))
        if fault:
            hit = [values[NAMES.index(name)] == int(value) for name, value in fault.items()]
            logit = logit + 2.0 * np.logical_and.reduce(hit)
        failed = rng.random(attempts) < 1 / (1 + np.exp(-logit))
        frame = pl.DataFrame(dict(zip(NAMES, values, strict=True)) | {"is_failure": failed})
        return frame.group_by(NAMES).agg(n=pl.len(), f=pl.col("is_failure").sum())

    now = draw(size, shares(usual, rng) if shares else usual, fault)
    before = draw(size * 6, usual, None)
    return (
        now.rename({"n": "attempts", "f": "failed"})
        .join(
            before.rename({"n": "base_attempts", "f": "base_failed"}),
            on=NAMES,
            how="full",
            coalesce=True,
        )
        .fill_null(0)
        .with_columns(pl.col(NAMES).cast(pl.String))
        .sort(NAMES)
    )


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    "fault",
    [{"wallet": "1"}, {"os": "2", "region": "3"}, {"wallet": "0", "os": "1", "bank": "2"}],
)
def test_failures_scan_names_the_planted_slice_exactly(con, fault):
    scan = scan_cube(con, merchant(3, fault), NAMES, RULES)
    assert scan.slices[0].where == fault
    assert scan.p_value == pytest.approx(0.01)
    assert scan.slices[0].rate_low < scan.slices[0].failed / scan.slices[0].attempts
    assert all(is_related(where, fault) for where in scan.slices[0].folded)


def test_failures_scan_finds_two_faults_one_after_the_other(con):
    one = merchant(5, {"region": "2"})
    other = merchant(5, {"bank": "3", "wallet": "0"})
    both = one.with_columns(failed=pl.max_horizontal("failed", other["failed"]))
    found = [item.where for item in scan_cube(con, both, NAMES, replace(RULES, stop=0.1)).slices]
    assert {"region": "2"} in found
    assert {"wallet": "0", "bank": "3"} in found


def test_failures_scan_is_silent_on_clean_days_and_on_a_mere_shift_of_the_mix(con):
    def moved(usual, rng):
        return [usual[0][::-1], *usual[1:]]

    seen = []
    for seed in range(8):
        for shares in (None, moved):
            leaves = merchant(seed, shares=shares)
            scan = scan_cube(con, leaves, NAMES, RULES)
            seen.append(bool(scan.slices))
            if shares:
                effects = con.sql(mix_rate_sql("leaves", ["wallet"])).pl()
                mix, rate = effects["mix_effect"].sum(), effects["rate_effect"].sum()
                change = mix + rate
                assert abs(rate) < 0.015
                assert abs(change - mix) < 0.015
    # At 0.01 each, two of sixteen would already be rare.
    assert sum(seen) <= 1


def test_failures_scan_overall_prior_takes_the_usual_for_news(con):
    """Why leaves are drawn to what their values say: thin ones drawn to one rate cry wolf."""
    thin = replace(RULES, strength=5000.0)
    assert scan_cube(con, merchant(1), NAMES, thin).slices == ()
    assert scan_cube(con, merchant(1), NAMES, replace(thin, prior="overall")).slices


def test_failures_scan_prefers_fewer_dimensions_for_the_same_attempts(con):
    leaves = pl.DataFrame(
        {
            "wallet": ["a", "a", "b", "b"],
            "provider": ["x", "x", "y", "y"],
            "os": ["i", "j", "i", "j"],
            "attempts": [100, 100, 100, 100],
            "failed": [40, 40, 10, 10],
            "base_attempts": [1000, 1000, 1000, 1000],
            "base_failed": [100, 100, 100, 100],
        }
    )
    scan = scan_cube(con, leaves, ["wallet", "provider", "os"], RULES)
    assert [item.where for item in scan.slices] == [{"provider": "x"}] or [
        item.where for item in scan.slices
    ] == [{"wallet": "a"}]


def test_failures_scan_score_worked_by_hand(con):
    leaves = pl.DataFrame(
        {
            "wallet": ["a", "b"],
            "attempts": [100, 100],
            "failed": [20, 10],
            "base_attempts": [10**9, 10**9],
            "base_failed": [10**8, 10**8],
        }
    )
    best = scan_cube(con, leaves, ["wallet"], replace(RULES, replicates=0)).ranking[0]
    assert (best.where, best.attempts, best.failed) == ({"wallet": "a"}, 100, 20)
    assert best.expected == pytest.approx(10, rel=1e-6)
    assert best.llr == pytest.approx(20 * np.log(2) - 10, rel=1e-6)
    assert best.excess == pytest.approx(10, rel=1e-6)


def test_failures_scan_p_values_are_as_rare_as_they_say(con):
    """Of cubes without a change, about a fifth may have a p-value of 0.2 or less."""
    values = []
    for seed in range(30):
        scan = scan_cube(con, merchant(100 + seed, size=1500), NAMES, RULES)
        values.append(scan.p_value or 1.0)
    assert np.mean(np.array(values) <= 0.2) <= 0.35


def test_failures_scan_without_leaves_or_excess_finds_nothing(con):
    empty = merchant(1).clear()
    assert scan_cube(con, empty, NAMES, RULES).slices == ()
    calm = merchant(1).with_columns(failed=pl.lit(0))
    scan = scan_cube(con, calm, NAMES, RULES)
    assert (scan.slices, scan.ranking, scan.p_value) == ((), (), None)
    assert scan.failed == 0


def test_failures_scan_is_one_query_over_all_sets():
    sql = slices_sql(NAMES, 3)
    assert sql.count("grouping sets") == 1
    assert sql.count("scan_leaves") == 1
    assert sql.split("grouping sets (")[1].split(")\n")[0].count("(") == 4 + 6 + 4


def test_failures_scan_same_cube_same_answer_in_any_order(con):
    leaves = merchant(7, {"os": "2"})
    shuffled = leaves.sample(fraction=1.0, shuffle=True, seed=1)
    one, other = (scan_cube(con, frame, NAMES, RULES) for frame in (leaves, shuffled))
    assert [item.where for item in one.slices] == [item.where for item in other.slices]
    scored = leaves.with_columns(expected=expected_failures(leaves, NAMES, 20, "main_effects"))
    again = [null_maxima(scored, NAMES, RULES, 50.0) for _ in range(2)]
    assert (again[0] == again[1]).all()


counts = st.integers(0, 400)


@settings(max_examples=25)
@given(st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=12), st.data())
def test_failures_mix_and_rate_add_up_to_the_change(rows, data):
    attempts = [max(a, b) for a, b, _, _ in rows]
    base = [max(c, d) for _, _, c, d in rows]
    attempts[0], base[0] = attempts[0] + 1, base[0] + 1
    values = [data.draw(st.sampled_from("xyz")) for _ in rows]
    leaves = pl.DataFrame(
        {
            "wallet": [f"w{i}" for i in range(len(rows))],
            "os": values,
            "attempts": attempts,
            "failed": [min(a, b) for a, b, _, _ in rows],
            "base_attempts": base,
            "base_failed": [min(c, d) for _, _, c, d in rows],
        }
    )
    change = leaves["failed"].sum() / sum(attempts) - leaves["base_failed"].sum() / sum(base)
    with duckdb.connect() as con:
        con.register("leaves", leaves.to_arrow())
        effects = con.sql(mix_rate_sql("leaves", ["wallet", "os"])).pl()
    sums = effects.group_by("dimension").agg((pl.col("rate_effect") + pl.col("mix_effect")).sum())
    assert sums.height == 2
    assert sums["rate_effect"].to_list() == pytest.approx([change] * 2, abs=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_failures_expectation_keeps_what_each_value_had(seed):
    """Raking: at the earlier volume, every value is expected to fail as often as it did."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 5, 3)
    codes = np.indices(sizes).reshape(3, -1)
    base = rng.integers(200, 900, codes.shape[1])
    failed = rng.binomial(base, rng.uniform(0.02, 0.2, codes.shape[1]))
    leaves = pl.DataFrame({f"d{i}": codes[i].astype(str) for i in range(3)}).with_columns(
        attempts=base, failed=failed, base_attempts=base, base_failed=failed
    )
    names = ["d0", "d1", "d2"]
    expected = expected_failures(leaves, names, 20.0, "main_effects")
    assert expected.sum() == pytest.approx(failed.sum(), rel=0.02)
    assert (expected <= base).all()
    for name in names:
        by_value = leaves.with_columns(e=expected).group_by(name).agg(pl.col("e", "failed").sum())
        assert (by_value["e"] / by_value["failed"]).to_numpy() == pytest.approx(1.0, rel=0.05)
