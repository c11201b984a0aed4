"""Planted attacks are found, at a number of cases a day that people can look at.

What each rule must find was measured on other seeds (tests/benchmarks/risk_rules.py); bounds leave
room for chance, not for a broken rule.
"""

from __future__ import annotations

import duckdb
import pytest

from pipelines.risk.payments import RiskRules
from pipelines.risk.tables import write_risk
from pipelines.warehouse.store import ModelStore

# attack -> (rule, share of its cases that the rule must name).
MUST_FIND = [
    ("testing_burst", "card_testing_%", 0.95),
    ("account_takeover", "new_device_large_unverified", 0.6),
    ("account_takeover", "impossible_travel", 0.1),
    ("refund_abuse", "refund_abuse", 0.7),
    ("operator_fraud", "operator_refunds", 0.95),
    ("shared_device", "many_users_per_device", 0.9),
    ("device_farm", "many_devices_per_user", 0.9),
    ("dormant_account", "dormant_then_large", 0.9),
]


@pytest.mark.parametrize(("attack", "rule", "recall"), MUST_FIND)
def test_each_attack_is_found_by_its_rule(attacked, attack, rule, recall):
    planted, named = attacked.execute(
        """
        select count(*), count(*) filter (case_key in (
            select case_key from analysis.suspicious_payment_reasons where risk_reason like ?
        )) from truth where attack = ?
        """,
        [rule, attack],
    ).fetchone()
    assert planted > 4
    assert named / planted >= recall


def test_honest_payments_are_rarely_named(attacked):
    honest = attacked.execute(
        """
        select rule_id, count(reasons.case_key) / 120.0 from analysis.risk_rules
        left join analysis.suspicious_payment_reasons as reasons on rule_id = risk_reason
            and reasons.case_key not in (select case_key from truth)
        where rule_id <> 'any'
        group by rule_id having count(reasons.case_key) / 120.0 > 1.5
        """
    ).fetchall()
    assert honest == []


def test_without_attacks_the_sharp_rules_are_silent(quiet):
    rows = dict(
        quiet.execute("select rule_id, suspicious_cases from analysis.risk_rules").fetchall()
    )
    silent = [name for name in rows if name.startswith("card_testing") or "_per_" in name]
    assert [rows[name] for name in silent] == [0] * 5
    assert rows["impossible_travel"] == 0
    assert rows["operator_refunds"] <= 20
    assert 0 < rows["any"] < 0.03 * 20_000


def test_the_queue_is_one_row_per_payment_in_order(attacked):
    rows, cases, ranks, alerts, most = attacked.execute(
        """
        select count(*), count(distinct case_key), max(queue_rank),
            count(*) filter (is_alert), max(rank_of_day)
        from analysis.suspicious_payments
        """
    ).fetchone()
    assert rows == cases == ranks
    assert alerts == rows - max(0, most - 100)
    wrong = attacked.execute(
        """
        select count(*) from (
            select risk_score, lag(risk_score) over (order by queue_rank) as before
            from analysis.suspicious_payments
        ) where risk_score > before or risk_score not between 0 and 1
        """
    ).fetchone()
    assert wrong == (0,)


def test_reasons_belong_to_cases_and_have_evidence(attacked):
    assert attacked.execute(
        """
        select count(*) from analysis.suspicious_payment_reasons
        where case_key not in (select case_key from analysis.suspicious_payments)
            or evidence is null or window_ended_at is null
            or reason_score not between 0 and 1
            or (evidence_value <= evidence_threshold and risk_reason not like 'card_testing%'
                and risk_reason not in ('new_device_large_unverified', 'dormant_then_large'))
        """
    ).fetchone() == (0,)


def test_the_order_of_rows_does_not_matter(attacked, tmp_path):
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("create schema marts")
        tables = "select table_name from duckdb_tables() where schema_name = 'marts'"
        for (table,) in attacked.execute(tables).fetchall():
            con.register("frame", attacked.sql(f"select * from marts.{table}").to_arrow_table())
            con.execute(
                f"create table marts.{table} as select * from frame order by md5(frame::varchar)"
            )
            con.unregister("frame")
        write_risk(con, RiskRules(), ModelStore(tmp_path))
        seen = (
            "select case_key::varchar, case_kind, risk_reasons, round(risk_score, 9), queue_rank"
            " from analysis.suspicious_payments order by case_key"
        )
        assert con.execute(seen).fetchall() == attacked.execute(seen).fetchall()
