"""Features that know nothing of the future, trees that score the same in SQL, honest measures."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import duckdb
import numpy as np
import polars as pl
import pytest
from planted_attacks import everyday_merchant, plant_attacks, write_marts

from pipelines.risk.features import prepare_features
from pipelines.risk.model import ModelRules, stretches
from pipelines.risk.payments import RiskRules
from pipelines.risk.ranking import judge_ranking
from pipelines.risk.tables import write_risk
from pipelines.risk.trees import UnknownTreesError, raw_score_sql, trees_of
from pipelines.warehouse.store import ModelStore

HISTORY = """
    create or replace table history as
    select
        i as case_key, timestamp '2026-01-01' + to_hours(i * 7) as occurred_at,
        1.0 + (i * 37) % 11 as amount, i % 24 as local_hour, 1 + i % 7 as weekday,
        0 as is_new, null as is_verified, (i % 5 = 0)::integer as is_failed,
        case when i % 3 > 0 then i % 4 end as user_key, i % 3 as device_key,
        null::integer as ip_block_key, (i % 6 = 1)::integer as is_fraud,
        timestamp '2026-01-01' + to_hours(i * 7 + 100) as known_at
    from range(120) as t (i)
"""


@pytest.fixture
def history():
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute(HISTORY)
        yield con


def features(con: duckdb.DuckDBPyConnection) -> dict[int, dict]:
    prepare_features(con, "history")
    return {row["case_key"]: row for row in con.sql("from risk_features").pl().to_dicts()}


def test_features_by_hand(history):
    # User 1 paid in 1, 13, 25 (each 84 hours later): 1 + 37 % 11 = 5, 1 + 481 % 11 = 9, …
    history.execute(
        "delete from history where case_key > 25; update history set amount = 10 where case_key < 2"
    )
    row = features(history)[13]
    assert row["user_attempts_1d"] == 1
    assert row["user_attempts_7d"] == 3, "1, 5 and 13 of user 1; 9 is of nobody"
    assert row["user_mean_7d"] == pytest.approx((10 + 10 + 9) / 3)
    assert row["user_amount_ratio"] == pytest.approx(9 / 10)
    assert row["user_amount_top"] == pytest.approx(9 / 10)
    assert row["user_seconds_since"] == 8 * 7 * 3600
    # 13 happened at hour 91; the truth of 1 became known at hour 107.
    assert row["user_fraud_share_30d"] is None
    assert features(history)[17]["user_fraud_share_30d"] == 1.0, "hour 119: 1 is known, 5 is not"
    assert row["ip_block_attempts_1d"] is None


def test_no_feature_knows_the_future(history):
    before = features(history)
    history.execute(
        """
        update history set is_fraud = 1 - is_fraud
        where known_at > timestamp '2026-01-01' + to_hours(420);
        update history set amount = amount * 100, is_failed = 1, user_key = 1, device_key = 0
        where occurred_at > timestamp '2026-01-01' + to_hours(420)
        """
    )
    after = features(history)
    assert {k: before[k] for k in range(61)} == {k: after[k] for k in range(61)}
    assert before[100] != after[100]


def test_sql_scores_exactly_as_scikit_learn():
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(3)
    x = rng.normal(size=(6_000, 5))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[:, 3] = np.round(x[:, 3])
    x[:, 4] = np.where(rng.random(len(x)) < 0.5, np.nan, 1.0)  # splits on being known only
    y = np.nan_to_num(x[:, 0]) + np.isnan(x[:, 4]) + rng.normal(size=len(x)) > 1.5
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, early_stopping=False)
    model.fit(x[:3_000], y[:3_000])
    document = json.loads(json.dumps(trees_of(model, list("abcde")), allow_nan=False))
    frame = pl.DataFrame(x, schema=list("abcde"), orient="row").fill_nan(None)
    with duckdb.connect() as con:
        con.register("rows", frame.to_arrow())
        scores = con.sql(f"select {raw_score_sql(document)} as score from rows").fetchnumpy()
    assert (scores["score"] == model.decision_function(x)).all(), "to the last bit"
    assert "missing" in json.dumps(document)


def test_splits_on_categories_are_refused():
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.repeat(np.arange(6.0), 100)[:, None]
    model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=2)
    model.fit(x, x[:, 0] % 2 == 0)
    with pytest.raises(UnknownTreesError, match="encode them as numbers"):
        trees_of(model, ["a"])


def test_the_handbooks_weeks():
    rules = ModelRules(train_days=7, delay_days=7, test_days=7, folds=1)
    newest, older = stretches(date(2018, 8, 22), rules)
    assert (newest.train_from, newest.train_to) == (date(2018, 7, 25), date(2018, 8, 1))
    assert (newest.test_from, newest.test_to) == (date(2018, 8, 8), date(2018, 8, 15))
    assert older.test_to == newest.test_from


def test_ranking_by_hand():
    """Two days, two people a day. Day 1: a (.9 fraud), b (.8), c (.7 fraud). Day 2: a, d, c."""
    rows = SimpleNamespace(
        day=np.array(["2026-01-01"] * 4 + ["2026-01-02"] * 3, dtype="datetime64[D]"),
        person=np.array([0, 0, 1, 2, 0, 3, 2]),
        is_fraud=np.array([True, False, False, True, True, False, True]),
        amount=np.array([10.0, 1, 1, 20, 40, 1, 80]),
    )
    scores = np.array([0.9, 0.85, 0.8, 0.7, 0.95, 0.3, 0.6])
    found = judge_ranking(rows, scores, 2)
    # By score: fraud, fraud, no, no, fraud, fraud, no -> (1 + 1 + 3/5 + 4/6) / 4.
    assert found.average_precision == pytest.approx((1 + 1 + 3 / 5 + 4 / 6) / 4)
    # Day 1: a and b are looked at, one of two. Day 2: a is blocked; c and d, one of two.
    assert found.precision_a_day == 0.5
    assert (found.fraud_amount, found.fraud_amount_found) == (150, 90)
    assert found.threshold == 0.8, "the fourth of seven: two a day"
    assert (found.people, found.frauds, found.payments) == (2, 4, 7)


LABELS = """
    insert into marts.fct_dispositions
    select distinct on (case_key) case_key, 'confirmed', attempted_at + interval 3 days
    from truth inner join marts.fct_payment_attempts on case_key = attempt_key
    where attempted_at + interval 3 days < (
        select max(attempted_at) from marts.fct_payment_attempts
    )
"""
SMALL = ModelRules(
    folds=1,
    train_days=70,
    candidates=(
        {"learning_rate": 0.1, "max_leaf_nodes": 6, "max_iter": 30, "min_samples_leaf": 20},
        {"learning_rate": 0.1, "max_leaf_nodes": 3, "max_iter": 10, "min_samples_leaf": 200},
    ),
)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """The merchant under attack after reviewers have confirmed every attack three days later."""
    store = ModelStore(tmp_path_factory.mktemp("models"))
    with duckdb.connect(config={"threads": 2}) as con:
        write_marts(con, plant_attacks(everyday_merchant(12_000, 8, 4), 8, 3))
        con.execute(LABELS)
        write_risk(con, RiskRules(), store, SMALL)
        yield con, store


def test_a_model_is_judged_beside_the_rules_and_kept(taught):
    con, store = taught
    (version,) = store.versions("fraud_model")
    assert version["is_usable"]
    assert len(version["choice"]) == 2
    assert (
        version["settings"]
        == max(version["choice"], key=lambda entry: entry["average_precision"])["settings"]
    )
    rows = con.execute(
        "select metric, value, baseline_rules, model_id, tested_from, tested_to"
        " from analysis.risk_model"
    ).fetchall()
    metrics = {row[0]: row[1:3] for row in rows}
    assert "accuracy" not in metrics
    model, by_rules = metrics["average_precision"]
    assert by_rules < model <= 1
    assert metrics["fraud_amount_found"][0] <= metrics["fraud_amount"][0]
    assert {row[3] for row in rows} == {"fraud_model-1"}
    # The last day is 30 April; a week until truth is known, a week judged.
    assert rows[0][4:] == (date(2026, 4, 17), date(2026, 4, 23))


def test_the_models_alerts_are_cases_with_evidence(taught):
    con, _ = taught
    alone, lowest, limit = con.execute(
        """
        select count(*), min(model_score), min(evidence_threshold)
        from analysis.suspicious_payments
        inner join analysis.suspicious_payment_reasons using (case_key)
        where risk_reason = 'model' and risk_reasons = 'model'
        """
    ).fetchall()[0]
    assert alone > 0
    assert lowest >= limit >= 0.1
    wrong = con.execute(
        """
        select count(*) from analysis.suspicious_payments
        where case_kind = 'attempt'
            and abs(risk_score - (1 - (1 - model_score) * (1 - rule_score))) > 1e-12
        """
    ).fetchall()[0]
    assert wrong == (0,)


def test_a_model_is_used_until_there_is_much_to_learn(taught):
    con, store = taught
    write_risk(con, RiskRules(), store, SMALL)
    assert len(store.versions("fraud_model")) == 1
    con.execute(
        """
        insert into marts.fct_dispositions
        select attempt_key, 'confirmed', attempted_at + interval 3 days
        from marts.fct_payment_attempts
        where attempt_key not in (select case_key from marts.fct_dispositions)
            and amount > 500
        """
    )
    write_risk(con, RiskRules(), store, SMALL)
    assert len(store.versions("fraud_model")) == 2


def test_too_few_frauds_in_a_week_keep_the_rules(found, attempt, tmp_path):
    rows = [
        attempt(f"a{i}", f"2026-0{1 + i % 4}-{1 + i % 28:02} 10:00", user=f"u{i}", amount=20 + i)
        for i in range(600)
    ]
    labels = """
        insert into marts.fct_dispositions
        select attempt_key, 'confirmed', attempted_at from marts.fct_payment_attempts
        where attempted_at < timestamp '2026-02-01'
    """
    found(rows, prepare=labels)
    store = ModelStore(tmp_path)
    write_risk(found.con, RiskRules(minimum_labels=100), store)
    (message, usable) = found.con.execute(
        "select any_value(message), bool_or(is_usable) from analysis.risk_model"
    ).fetchall()[0]
    assert "Too few confirmed frauds" in message
    assert not usable
    assert store.latest("fraud_model")["message"] == message


def test_without_a_model_a_forest_settles_what_rules_find_alike(tmp_path):
    merchant = plant_attacks(everyday_merchant(6_000, 8, 4), 8)
    with duckdb.connect(config={"threads": 2}) as con:
        write_marts(con, merchant)
        named = write_risk(con, RiskRules(), ModelStore(tmp_path))
        cases = write_risk(con, RiskRules(alerts_per_day=5), ModelStore(tmp_path))
        known, misplaced, alerts = con.execute(
            """
            select count(anomaly_score), count(*) filter (
                floor(rule_score * 100) <> floor(risk_score * 100 + 1e-9)
            ), max(rank_of_day) filter (is_alert)
            from analysis.suspicious_payments
            """
        ).fetchall()[0]
    assert known == cases == named, "it names none"
    assert misplaced == 0
    assert alerts == 5


def test_a_week_of_refunds_is_not_one_days_queue(found, attempt, tmp_path):
    """The hits of an operator's week end together; the payments are of fourteen days."""
    rows = [
        attempt(f"o{o} {i}", f"2026-02-{1 + i:02} 10:00", user=f"o{o} {i}")
        for o, count in enumerate([14, 4, 4, 4])
        for i in range(count)
    ]
    clock = max(row["clock"] for row in rows) + 48 * 3_600_000
    refunds = [
        {
            "refund": f"back {row['attempt']}",
            "order": row["order"],
            "user": row["user"],
            "operator": row["attempt"].split()[0],
            "amount": 20.0,
            "clock": clock,
        }
        for row in rows
    ]
    named = found(rows, refunds)
    assert [len(names) for names in named.values()] == [1] * 14
    for alerts, words in ((5, "every case of every day can be read"), (0, "isolation forest")):
        write_risk(found.con, RiskRules(alerts_per_day=alerts), ModelStore(tmp_path))
        (message,) = found.con.execute(
            "select any_value(message) from analysis.risk_model"
        ).fetchone()
        assert words in message


def test_features_of_some_payments_are_those_of_all(history):
    every = features(history)
    history.execute("create table few as select case_key from history where case_key % 13 = 4")
    prepare_features(history, "history", wanted="few")
    few = {row["case_key"]: row for row in history.sql("from risk_features").pl().to_dicts()}
    assert few == {key: every[key] for key in range(4, 120, 13)}
