"""Purchase models against the published figures of CDNOW, by themselves and through the pipeline.

Oracles: Fader, Hardie and Lee 2005 (BG/NBD), Fader and Hardie 2013 (Gamma-Gamma), the tests of
CLVTools and lifetimes.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_customers import CDNOW_CUTOFF, CDNOW_LAST, cdnow_rows

from pipelines.segments.lifetime import (
    FitError,
    PurchaseCounts,
    PurchaseModel,
    choose_model,
    expected_purchases,
    fit,
    guarded,
    p_alive,
    p_purchase,
)
from pipelines.segments.purchases import counts_of
from pipelines.segments.spend import expected_spend, fit_spend

BG = PurchaseModel("bg_nbd", 0.242595, 4.41360, 0.79292, 2.42591, -9582.429, 2357, "")
MBG = PurchaseModel("mbg_nbd", 0.524843, 6.183085, 0.891359, 1.614002, -9582.136, 2357, "")
HOLDOUT_DAYS = (CDNOW_LAST - CDNOW_CUTOFF).days


@pytest.fixture(scope="module")
def sample() -> pl.DataFrame:
    """CDNOW's 2,357 sampled customers: history of 39 weeks, and orders in the 39 after."""
    with duckdb.connect() as con:
        return con.sql(
            f"""
            with days as (
                select customer, min(place) as place, day, sum(amount)::double as spend,
                    min(day) over (partition by customer) as first_day
                from ({cdnow_rows("CDNOW_sample.txt")})
                group by customer, day
            )
            select customer, count(*) filter (known) - 1 as repeats,
                date_diff('day', min(day), max(day) filter (known)) as recency_days,
                date_diff('day', min(day), date '{CDNOW_CUTOFF}') as age_days,
                avg(spend) filter (known and day > first_day) as mean_spend,
                count(*) filter (not known) as later
            from (select *, day <= date '{CDNOW_CUTOFF}' as known from days)
            group by customer
            order by min(place)
            """
        ).pl()


@pytest.fixture(scope="module")
def counts(sample) -> PurchaseCounts:
    grouped = sample.group_by("repeats", "recency_days", "age_days").agg(pl.len().alias("users"))
    return counts_of(grouped.sort(pl.all()))


def test_segments_sample_is_the_published_one(sample):
    repeats = sample["repeats"]
    assert (sample.height, repeats.sum(), (repeats > 0).sum()) == (2357, 2457, 946)
    assert sample["later"].sum() == 1882
    assert HOLDOUT_DAYS == 273


@pytest.mark.parametrize("published", [BG, MBG], ids=["bg_nbd", "mbg_nbd"])
def test_segments_fit_reproduces_the_published_parameters(counts, published):
    model = fit(counts, published.kind)
    found = (model.r, model.alpha, model.a, model.b, model.log_likelihood)
    expected = (published.r, published.alpha, published.a, published.b, published.log_likelihood)
    assert found == pytest.approx(expected, rel=1e-4)
    assert model.users == 2357


def test_segments_counted_users_give_the_same_fit_as_single_users(sample, counts):
    single, counted = fit(counts_of(sample), "bg_nbd"), fit(counts, "bg_nbd")
    assert len(counts.users) < sample.height
    assert (single.r, single.alpha, single.a, single.b) == pytest.approx(
        (counted.r, counted.alpha, counted.a, counted.b), rel=1e-6
    )


def test_segments_conditional_expectation_is_the_published_one():
    x, tx, age = (np.array([value]) for value in (2.0, 30.43, 38.86))
    assert expected_purchases(BG, x, tx, age, 39 * 7)[0] == pytest.approx(1.226, abs=1e-3)
    # Equation 10 of Fader, Hardie and Lee with 2F1, where scipy can compute it.
    from scipy.special import hyp2f1

    c, z = BG.a + BG.b + x - 1, 39 / (BG.alpha + age + 39)
    by_the_paper = (
        c / (BG.a - 1)
        * (1 - (1 - z) ** (BG.r + x) * hyp2f1(BG.r + x, BG.b + x, c, z))
        * p_alive(BG, x, tx, age)
    )  # fmt: skip
    assert expected_purchases(BG, x, tx, age, 39 * 7) == pytest.approx(by_the_paper, rel=1e-9)


@pytest.mark.parametrize(
    ("model", "total", "error", "correlation"),
    [(BG, 1653.4, 0.7855, 0.6256), (MBG, 1576.7, 0.7648, 0.6273)],
)
def test_segments_holdout_is_the_published_one(sample, model, total, error, correlation):
    histories = counts_of(sample)
    expected = expected_purchases(
        model, histories.repeats, histories.recency, histories.age, HOLDOUT_DAYS
    )
    actual = sample["later"].to_numpy()
    assert expected.sum() == pytest.approx(total, abs=1)
    assert np.abs(expected - actual).mean() == pytest.approx(error, abs=1e-4)
    assert np.corrcoef(expected, actual)[0, 1] == pytest.approx(correlation, abs=1e-4)


def test_segments_mean_orders_by_history_are_the_published_ones(sample):
    """Expected holdout orders by x = 0..7+, as printed with the model."""
    histories = counts_of(sample)
    expected = expected_purchases(
        BG, histories.repeats, histories.recency, histories.age, HOLDOUT_DAYS
    )
    by_x = [expected[np.minimum(histories.repeats, 7) == x].mean() for x in range(8)]
    printed = [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157]
    assert by_x == pytest.approx(printed, abs=2e-3)


def test_segments_gamma_gamma_reproduces_the_published_parameters(sample):
    buyers = sample.filter(pl.col("repeats") > 0)
    x = buyers["repeats"].cast(pl.Float64).to_numpy()
    model = fit_spend(x, buyers["mean_spend"].to_numpy())
    assert (model.p, model.q, model.v) == pytest.approx((6.2496, 3.7442, 15.4435), rel=1e-4)
    assert model.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert model.correlation < 0.3
    first_ten = sample.head(10)
    expected = expected_spend(
        model,
        first_ten["repeats"].cast(pl.Float64).to_numpy(),
        first_ten["mean_spend"].fill_null(0).to_numpy(),
    )
    printed = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert expected == pytest.approx(printed, abs=0.1)
    assert model.mean == pytest.approx(35.17, abs=0.1)


def test_segments_spend_in_another_currency_unit_is_the_same_model(sample):
    buyers = sample.filter(pl.col("repeats") > 0)
    x = buyers["repeats"].cast(pl.Float64).to_numpy()
    dollars = fit_spend(x, buyers["mean_spend"].to_numpy())
    cents = fit_spend(x, buyers["mean_spend"].to_numpy() * 100)
    assert (cents.p, cents.q, cents.v / 100) == pytest.approx(
        (dollars.p, dollars.q, dollars.v), rel=1e-5
    )


def test_segments_spend_of_users_who_are_all_alike_is_refused():
    with pytest.raises(FitError, match="too few or alike"):
        fit_spend(np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0]))


def simulate(users: int, dropout: tuple[float, float] | None, seed: int) -> PurchaseCounts:
    """Users with gamma rates over a year, dropping out after a purchase or not at all."""
    rng = np.random.default_rng(seed)
    weeks = 52.0
    rate = rng.gamma(2.0, 1 / 8.0, users)
    leave = rng.beta(*dropout, users) if dropout else np.zeros(users)
    x, tx, now = np.zeros(users), np.zeros(users), np.zeros(users)
    alive = rng.random(users) >= 0
    while alive.any():
        now[alive] += rng.exponential(1 / rate[alive])
        bought = alive & (now <= weeks)
        x[bought] += 1
        tx[bought] = now[bought]
        alive = bought & (rng.random(users) >= leave)
    return PurchaseCounts(x, tx, np.full(users, weeks), np.ones(users))


def test_segments_fit_finds_the_parameters_that_users_were_simulated_with():
    model = choose_model(simulate(10_000, (1.5, 4.0), seed=4))
    assert model.kind == "bg_nbd"
    assert (model.r, model.alpha) == pytest.approx((2.0, 8.0), rel=0.1)
    assert model.a / (model.a + model.b) == pytest.approx(1.5 / 5.5, rel=0.1)


def test_segments_users_who_never_drop_out_are_predicted_by_rate_alone(counts):
    loyal = simulate(3_000, None, seed=5)
    model = choose_model(loyal)
    assert model.kind == "nbd"
    assert "no users dropping out" in model.message
    assert (p_alive(model, loyal.repeats, loyal.recency, loyal.age) == 1).all()
    assert guarded(fit(counts, "bg_nbd"), counts).kind == "bg_nbd"


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["bg_nbd", "mbg_nbd"]),
    r=st.floats(0.01, 50),
    alpha=st.floats(0.1, 100),
    a=st.floats(1e-3, 300),
    b=st.floats(1e-3, 3e4),
    purchases=st.integers(0, 400),
    age=st.floats(0.5, 300),
    away=st.floats(0, 1),
)
def test_segments_predictions_are_coherent_for_any_user(kind, r, alpha, a, b, purchases, age, away):
    model = PurchaseModel(kind, r, alpha, a, b, 0.0, 0, "")
    x = np.array([float(min(purchases, int(7 * age)))])
    tx = np.array([age * (1 - away) if x[0] else 0.0])
    ages = np.array([age])
    chances = [p_purchase(model, x, tx, ages, days)[0] for days in (7, 30, 60, 90)]
    orders = [expected_purchases(model, x, tx, ages, days)[0] for days in (7, 30, 60, 90)]
    rate = (r + x[0]) / (alpha + age) / 7
    assert chances == sorted(chances)
    # The closed form subtracts nearly equal numbers where hardly anything is left to come.
    assert all(later >= sooner * (1 - 1e-9) for sooner, later in pairwise(orders))
    for days, chance, expected in zip((7, 30, 60, 90), chances, orders, strict=True):
        assert 0 <= chance <= 1
        assert chance <= expected * (1 + 1e-9) + 1e-9
        assert expected <= rate * days * (1 + 1e-9) + 1e-9


@settings(max_examples=60)
@given(x=st.integers(1, 60), age=st.floats(20, 100), share=st.floats(0, 0.99), more=st.floats(0, 1))
def test_segments_no_score_rises_without_a_purchase(x, age, share, more):
    """The same purchases seen from a later day never make the next one likelier."""
    for model in (BG, MBG):
        tx = np.array([age * share])
        now, later = np.array([age]), np.array([age + 30 * more])
        repeats = np.array([float(x)])
        for days in (7, 30, 60, 90):
            assert (
                p_purchase(model, repeats, tx, later, days)[0]
                <= p_purchase(model, repeats, tx, now, days)[0] + 1e-12
            )


def test_segments_model_json_keeps_every_digit():
    assert PurchaseModel.from_json(BG.to_json()) == BG


def test_segments_window_of_the_published_holdout_is_39_weeks():
    assert CDNOW_CUTOFF + timedelta(weeks=39) == CDNOW_LAST
