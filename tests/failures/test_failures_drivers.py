"""Drivers are found where they were planted, and not shown where there are none."""

from __future__ import annotations

import math

import dagster as dg
import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from pipelines.failures.assets import (
    failure_advice,
    failure_breakdown,
    failure_drivers,
    failure_drops,
    no_recent_alarm,
)
from pipelines.failures.drivers import METRICS, DriverRules, lookup_rates
from pipelines.failures.effects import calibration, calibration_error, odds_ratios
from pipelines.failures.encoding import TOP_VALUES, encode, learn_codes
from pipelines.failures.history import (
    CATEGORICAL,
    FEATURES,
    NUMERIC,
    prepare_attempts,
    read_attempts,
    split_in_time,
)
from pipelines.failures.tables import analyse_drivers, write_drivers
from pipelines.settings import Settings, Workspace
from pipelines.warehouse.connect import connect

RULES = DriverRules(minimum_train_failures=100, minimum_test_failures=50, repeats=4)
DRIVERS = {
    "feature": "VARCHAR",
    "importance_mean": "DOUBLE",
    "importance_sd": "DOUBLE",
    "rank": "INTEGER",
}
MODEL = {
    "model_id": "VARCHAR",
    "metric": "VARCHAR",
    "value": "DOUBLE",
    "baseline_constant": "DOUBLE",
    "baseline_lookup": "DOUBLE",
    "is_usable": "BOOLEAN",
    "message": "VARCHAR",
    "trained_from": "DATE",
    "trained_to": "DATE",
    "tested_from": "DATE",
    "tested_to": "DATE",
}


def columns(con, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe analysis.{table}").fetchall()}


def test_failures_planted_fault_is_named_and_beats_both_baselines(generate):
    con = generate(attempts=6000, fault=0.4)
    result = analyse_drivers(con, "CNY", RULES)
    assert result.is_usable
    assert {item.feature for item in result.importances[:2]} == {"wallet_and_provider", "os"}
    auc, loss, precision = (result.metrics[m] for m in ("auc", "log_loss", "average_precision"))
    assert auc.value > auc.baseline_lookup > auc.baseline_constant == 0.5
    assert loss.value < loss.baseline_lookup < loss.baseline_constant
    assert precision.value > precision.baseline_lookup > precision.baseline_constant
    write_drivers(con, result)
    assert (columns(con, "failure_drivers"), columns(con, "failure_driver_model")) == (
        DRIVERS,
        MODEL,
    )
    ranked = con.execute("select * from analysis.failure_drivers order by rank").fetchall()
    assert [row[3] for row in ranked] == list(range(1, len(FEATURES)))
    assert sorted(ranked, key=lambda row: -row[1]) == ranked


def test_failures_random_failures_have_no_drivers(generate):
    con = generate(attempts=6000, fault=0.0)
    result = analyse_drivers(con, "CNY", RULES)
    write_drivers(con, result)
    assert not result.is_usable
    assert result.metrics["auc"].value < 0.55
    assert con.execute("select count(*) from analysis.failure_drivers").fetchall() == [(0,)]
    models = con.execute(
        "select distinct is_usable, message from analysis.failure_driver_model"
    ).fetchall()
    assert models == [(False, result.message)]
    assert "No drivers are shown" in result.message


def test_failures_same_data_gives_the_same_model_in_any_order(generate):
    con = generate(attempts=4000, fault=0.4)
    first = analyse_drivers(con, "CNY", RULES)
    con.execute(
        "create or replace table marts.fct_payment_attempts as"
        " select * from marts.fct_payment_attempts order by md5(attempt_key::varchar)"
    )
    con.execute("set threads = 1")
    with threadpool_limits(limits=2):
        assert analyse_drivers(con, "CNY", RULES) == first


def test_failures_too_little_data_says_so(generate):
    con = generate(attempts=300)
    result = analyse_drivers(con, "CNY", RULES)
    write_drivers(con, result)
    assert "Too little data" in result.message
    rows = con.execute(
        "select metric, value, is_usable from analysis.failure_driver_model"
    ).fetchall()
    assert rows == [(metric, None, False) for metric in METRICS]


def test_failures_one_day_of_data_says_so(con, add_attempt):
    add_attempt(1, "o1", "u1", "failed")
    assert "one day" in analyse_drivers(con, "CNY", RULES).message


def test_failures_no_attempts_give_empty_tables(con):
    write_drivers(con, analyse_drivers(con, "CNY", RULES))
    assert columns(con, "failure_drivers") == DRIVERS
    assert columns(con, "failure_driver_model") == MODEL
    assert con.execute("select count(*) from analysis.failure_driver_model").fetchall() == [(0,)]


def test_failures_rare_new_and_missing_categories_are_kept_apart():
    banks = [f"bank {n:02}" for n in range(TOP_VALUES + 5) for _ in range(2)] + ["bank 34", None]
    train = pl.DataFrame(
        {name: [1.0] * len(banks) for name in NUMERIC}
        | {name: ["x"] * len(banks) for name in CATEGORICAL}
        | {"bank": banks}
    )
    codes = learn_codes(train)
    assert len(codes["bank"]) == TOP_VALUES
    # Most frequent first, then by name.
    assert codes["bank"]["bank 34"] == 0
    assert codes["bank"]["bank 00"] == 1
    rows = train.head(4).with_columns(
        pl.Series("bank", ["bank 00", "bank 33", "never seen", None]), os=pl.lit(None, pl.String)
    )
    matrix = encode(rows, codes)
    column = matrix[:, FEATURES.index("bank")].tolist()
    assert column[:3] == [1, TOP_VALUES, TOP_VALUES]
    assert math.isnan(column[3])
    assert all(math.isnan(value) for value in matrix[:, FEATURES.index("os")])


def test_failures_lookup_baseline_worked_by_hand():
    train = pl.DataFrame(
        {
            "wallet": ["alipay"] * 4 + ["wechat_pay"] * 4,
            "local_hour": [9.0] * 8,
            "is_failure": [True, True, False, False] + [False] * 4,
        }
    )
    test = pl.DataFrame(
        {"wallet": ["wechat_pay", "alipay", "alipay"], "local_hour": [9.0, 9.0, 3.0]}
    )
    rates = lookup_rates(train, test, strength=4).tolist()
    assert rates == pytest.approx([(0 + 1) / 8, (2 + 1) / 8, 0.25])


def test_failures_assets_write_all_tables_and_show_only_aggregates(generate, tmp_path):
    facts = generate(attempts=2000, fault=0.4)
    workspace = Workspace("merchant", tmp_path, tmp_path, Settings(data_dir=tmp_path))
    workspace.warehouse.parent.mkdir(parents=True)
    keys = "order_key::varchar::uuid as order_key"
    tables = {
        "fct_payment_attempts": f"* replace ({keys}, attempt_key::varchar::uuid as attempt_key,"
        " user_key::varchar::uuid as user_key)",
        "fct_payments": f"* replace ({keys})",
    }
    with connect(workspace) as con:
        con.execute("create schema marts")
        con.execute("create schema analysis")
        con.execute(
            "create table analysis.user_segments (user_key uuid, lifecycle_segment varchar)"
        )
        for table, selected in tables.items():
            con.register("given", facts.sql(f"select * from marts.{table}").pl())
            con.execute(f"create table marts.{table} as select {selected} from given")
            con.unregister("given")
    result = dg.materialize(
        [failure_breakdown, failure_advice, failure_drops, failure_drivers, no_recent_alarm],
        resources={"workspace": workspace},
    )
    assert result.success
    metadata = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert set(metadata) == {
        "analysis/failure_breakdown",
        "analysis/failure_advice",
        "analysis/failure_alarms",
        "analysis/failure_drops",
        "analysis/failure_root_causes",
        "analysis/failure_root_cause_reasons",
        "analysis/failure_mix_rate",
        "analysis/failure_drivers",
        "analysis/failure_driver_effects",
        "analysis/failure_driver_model",
    }
    assert "insufficient_funds" in metadata["analysis/failure_breakdown"]["top_causes"].value
    assert metadata["analysis/failure_driver_model"]["dagster/row_count"].value == 4
    assert facts.execute(
        "select count(*) from marts.fct_payment_attempts where contains(?, user_key::varchar)",
        [str(metadata)],
    ).fetchall() == [(0,)]


def test_failures_odds_ratios_find_the_planted_odds_and_their_intervals_hold_them(generate):
    """WeChat Pay on Android fails in half of its attempts, all else in a tenth: odds 1 and 1/9."""
    con = generate(attempts=12_000, fault=0.4)
    prepare_attempts(con, "CNY")
    split = split_in_time(con)
    rows = read_attempts(con, split.trained_from, split.tested_to, 20_000)
    only = rows.filter(pl.col("os") == "android")
    # Alone on a busy machine, a small fit on all cores waits for itself.
    with threadpool_limits(limits=1):
        effects = odds_ratios(only)
    by_value = {(e.feature, e.value): e for e in effects}
    found = next(e for (feature, _), e in by_value.items() if feature == "wallet")
    truth = 9.0 if found.value == "wechat_pay" else 1 / 9.0
    assert found.low < truth < found.high
    assert found.high / found.low < 1.6
    # The provider is the wallet under another name: one of the two has no column of its own.
    assert len({e.feature for e in effects} & {"wallet", "provider"}) == 1
    assert not {e.feature for e in effects} & {"os", "language", "channel"}


def test_failures_calibration_compares_observed_and_predicted_by_tenths():
    predicted = np.linspace(0.0, 0.5, 1000)
    y = np.random.default_rng(1).random(1000) < predicted
    tenths = calibration(y, predicted)
    assert [e.attempts for e in tenths] == [100] * 10
    assert all(e.low <= e.estimate <= e.high for e in tenths)
    assert calibration_error(y, predicted) < 0.05
    assert calibration_error(y, np.full(1000, 0.9)) == pytest.approx(0.9 - y.mean())


def test_failures_effects_are_written_only_with_a_usable_model(generate):
    con = generate(attempts=6000, fault=0.4)
    result = analyse_drivers(con, "CNY", RULES)
    write_drivers(con, result)
    kinds = dict(
        con.execute(
            "select kind, count(*) from analysis.failure_driver_effects group by kind"
        ).fetchall()
    )
    assert set(kinds) == {"odds_ratio", "partial_dependence", "calibration"}
    rates = con.execute(
        "select value, estimate from analysis.failure_driver_effects"
        " where kind = 'partial_dependence' and feature = 'os' order by value"
    ).fetchall()
    assert rates[0][0] == "android"
    assert rates[0][1] > 1.3 * rates[1][1]
    con.execute("delete from marts.fct_payment_attempts")
    write_drivers(con, analyse_drivers(con, "CNY", RULES))
    assert con.table("analysis.failure_driver_effects").shape[0] == 0
