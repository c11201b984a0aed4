"""CDNOW through the whole pipeline: attempt log, ingest, dbt, segments; then what was published.

The master file: 69,659 purchases of 23,570 customers, of which 2,357 are the sample of the papers.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
import pytest
from known_customers import CDNOW_CUTOFF, CDNOW_LAST, cdnow_rows

from pipelines.ingest.pseudonyms import load_key
from pipelines.segments.holdout import evaluate
from pipelines.segments.lifecycle import LIFECYCLE_SEGMENTS, LifecycleGrid
from pipelines.segments.lifetime import expected_purchases, fit
from pipelines.segments.purchases import counts_of, histories_sql
from pipelines.segments.scores import ScoreRules, fit_purchase_models
from pipelines.segments.spend import fit_spend
from pipelines.warehouse.connect import connect

HOLDOUT_DAYS = (CDNOW_LAST - CDNOW_CUTOFF).days


@pytest.fixture
def warehouse(known) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(known.workspace) as con:
        yield con


def table(con, name: str) -> pl.DataFrame:
    return con.sql(f"from analysis.{name}").pl()


def test_segments_every_purchase_of_the_log_is_in_the_warehouse(known, warehouse):
    orders, users, amount = warehouse.execute(
        "select sum(orders), count(*), sum(net_amount)::double from marts.dim_users"
    ).fetchall()[0]
    assert (known.attempts, orders, users) == (69_659, 69_659, 23_570)
    assert amount == pytest.approx(2_500_315.63, abs=0.005)


def test_segments_pipeline_gives_the_published_fit_and_holdout(known, warehouse):
    """The papers' 2,357 customers, found again among the pseudonyms of all."""
    key = load_key(known.workspace.settings, create=False)
    with duckdb.connect() as con:
        rows = con.execute(f"select distinct customer from ({cdnow_rows('CDNOW_sample.txt')})")
        customers = [row[0] for row in rows.fetchall()]
    sampled = pl.DataFrame({"user": [key.pseudonym("subject", name) for name in customers]})
    warehouse.register("sampled", sampled.to_arrow())
    frame = warehouse.sql(
        f"""
        select histories.*, coalesce(after.orders, 0) as later
        from ({histories_sql(CDNOW_CUTOFF)}) as histories
        inner join sampled on sampled.user::uuid = histories.user_key
        left join (
            select user_key, count(distinct business_date) as orders
            from marts.fct_payments where business_date > date '{CDNOW_CUTOFF}' group by user_key
        ) as after using (user_key)
        order by user_key
        """
    ).pl()
    assert frame.height == 2357
    counts = counts_of(frame)
    model = fit(counts, "bg_nbd")
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx(
        (0.242595, 4.41360, 0.79292, 2.42591), rel=1e-4
    )
    assert model.log_likelihood == pytest.approx(-9582.429, rel=1e-6)
    expected = expected_purchases(model, counts.repeats, counts.recency, counts.age, HOLDOUT_DAYS)
    assert expected.sum() == pytest.approx(1653.4, abs=1)
    assert np.abs(expected - frame["later"].to_numpy()).mean() == pytest.approx(0.7855, abs=1e-4)
    assert np.corrcoef(expected, frame["later"])[0, 1] == pytest.approx(0.6256, abs=1e-4)
    buyers = frame.filter(pl.col("paid_repeats") > 0)
    spend = fit_spend(
        buyers["paid_repeats"].cast(float).to_numpy(), buyers["mean_spend"].to_numpy()
    )
    # Eight free purchases count as purchases and not as spend.
    assert (spend.p, spend.q, spend.v) == pytest.approx((6.2496, 3.7442, 15.4435), rel=1e-4)


def test_segments_chance_to_buy_ranks_the_39_weeks_that_followed(warehouse):
    proof = evaluate(warehouse, CDNOW_LAST, HOLDOUT_DAYS, LifecycleGrid(), ScoreRules())
    measures = {row["metric"]: row for row in proof.metrics.rows(named=True)}
    assert measures["active_auc"]["value"] >= 0.74
    assert measures["orders_mae"]["verdict"] == "better"
    assert measures["active_brier"]["verdict"] == "better"
    assert abs(measures["orders_total_ratio"]["value"] - 1) < 0.2


def test_segments_published_proof_is_of_the_last_90_days_and_in_order(warehouse):
    quality = table(warehouse, "score_quality")
    assert quality["holdout_days"].unique().to_list() == [90]
    auc = quality.filter(pl.col("metric") == "active_auc").row(0, named=True)
    assert auc["value"] >= 0.74
    active = dict(table(warehouse, "segment_proof").select(
        "lifecycle_segment", "actual_active_share"
    ).iter_rows())  # fmt: skip
    order = [active[name] for name in ("champions", "loyal", "at_risk", "hibernating")]
    assert order == sorted(order, reverse=True)
    explained = quality.filter(pl.col("metric") == "segments_explained_share").row(0, named=True)
    assert explained["verdict"] == "better"


def test_segments_probabilities_are_calibrated(warehouse):
    bands = table(warehouse, "score_calibration")
    assert bands["users"].sum() == table(warehouse, "segment_proof")["users"].sum()
    gap = (bands["predicted_active_share"] - bands["actual_active_share"]).abs()
    assert (gap * bands["users"]).sum() / bands["users"].sum() < 0.02


def test_segments_probability_of_being_alive_is_in_no_table(warehouse):
    columns = warehouse.execute(
        "select column_name from duckdb_columns() where schema_name = 'analysis'"
    ).fetchall()
    assert not [name for (name,) in columns if "alive" in name or "churn" in name]
    scores = table(warehouse, "user_scores")
    windows = [f"p_buys_{days}_days" for days in (7, 30, 60, 90)]
    values = scores.select(windows).to_numpy()
    assert (np.diff(values, axis=1) >= 0).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_segments_history_of_today_is_todays_segment_and_movement_adds_up(warehouse):
    """The newest day is a month's end: history, built from orders, must say what dim_users says."""
    differing = warehouse.execute(
        f"""
        select count(*)
        from analysis.segment_history as history
        full join analysis.user_segments as today using (user_key)
        where history.month_end = date '{CDNOW_LAST}'
            and (history.lifecycle_segment is distinct from today.lifecycle_segment
                or history.value_tier is distinct from today.value_tier)
        """
    ).fetchall()
    assert differing == [(0,)]
    moved = warehouse.execute(
        "select sum(users) from analysis.segment_movement group by month_end"
    ).fetchall()
    assert {row[0] for row in moved} == {23_570}
    assert len(moved) == 12
    known_names = {name for name in LIFECYCLE_SEGMENTS}
    assert set(table(warehouse, "segment_history")["lifecycle_segment"]) <= known_names


def test_segments_cohorts_start_whole(warehouse):
    cohorts = table(warehouse, "cohort_retention")
    first = cohorts.filter(pl.col("months_since") == 0)
    assert first["users"].to_list() == first["cohort_users"].to_list()
    assert first["users"].sum() == 23_570


def test_segments_the_model_that_is_stored_tells_the_same_story(warehouse, known):
    models = fit_purchase_models(warehouse, CDNOW_LAST, ScoreRules())
    stored = warehouse.execute(
        "select definition_json from analysis.segment_models where kind = 'purchase_models'"
    ).fetchall()[0][0]
    assert stored == models.to_json()
    files = sorted(path.name for path in known.workspace.models.iterdir())
    assert files == ["behaviour_clusters-v0001.json", "thresholds-v0001.json"]
