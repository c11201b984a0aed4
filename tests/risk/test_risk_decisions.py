"""What reviewers and disputes say about the rules, and who was verified."""

from __future__ import annotations

import pytest

from pipelines.risk.tables import unknown_decisions

DECIDE = """
    insert into marts.fct_dispositions
    select attempt_key, {decision}, timestamp '2026-03-01' from marts.fct_payment_attempts
    where user_key is not null and is_new_device
"""


@pytest.fixture
def twenty_unverified(attempt) -> list[dict]:
    rows = [
        attempt(f"usual {i}", "2026-01-05 10:00", user=f"user {i}", step_up="passed")
        for i in range(400)
    ]
    return rows + [
        attempt(
            f"x{i}", f"2026-02-{i + 1:02} 10:00", user=f"eve {i}", device=f"d{i}", amount=1_000.0,
            is_new_device=True, step_up="none", region="CN-SH", channel="web",
        )
        for i in range(20)
    ]  # fmt: skip


def rule(con, name="new_device_large_unverified") -> tuple:
    return con.execute(
        "select suspicious_cases, confirmed_cases, dismissed_cases, rule_precision,"
        " rule_precision_low, rule_precision_high, rule_weight"
        " from analysis.risk_rules where rule_id = ?",
        [name],
    ).fetchone()


def test_without_decisions_there_is_no_precision(found, twenty_unverified):
    found(twenty_unverified)
    assert rule(found.con) == (20, 0, 0, None, None, None, 0.5)


def test_precision_is_the_confirmed_part_of_the_judged(found, twenty_unverified):
    decision = "case when day(attempted_at) <= 4 then 'confirmed' else 'dismissed' end"
    judged = DECIDE.format(decision=decision) + " and day(attempted_at) <= 16"
    found(twenty_unverified, prepare=judged)
    cases, confirmed, dismissed, precision, low, high, weight = rule(found.con)
    assert (cases, confirmed, dismissed, precision) == (20, 4, 12, 0.25)
    # Wilson 95 % of 4 in 16 (Brown, Cai and DasGupta 2001, formula 4).
    assert (low, high) == (pytest.approx(0.1018, abs=1e-4), pytest.approx(0.4950, abs=1e-4))
    assert weight == pytest.approx((4 + 20 * 0.5) / (16 + 20))
    assert found.con.execute(
        "select disposition, count(*) from analysis.suspicious_payments group by 1 order by 1"
    ).fetchall() == [("confirmed", 4), ("dismissed", 12), ("open", 4)]


def test_decisions_move_the_queue(found, twenty_unverified, attempt):
    """A rule that reviewers dismiss sinks below one that they have not judged."""
    silent = [
        attempt("before", "2026-01-01 10:00", user="ada"),
        attempt("back", "2026-04-20 10:00", user="ada", amount=1_000.0, channel="web"),
    ]
    found([*twenty_unverified, *silent], prepare=DECIDE.format(decision="'dismissed'"))
    first = found.con.execute(
        "select risk_reasons from analysis.suspicious_payments where disposition = 'open'"
    ).fetchall()
    assert first == [("dormant_then_large",)]
    weights = dict(
        found.con.execute("select rule_id, rule_weight from analysis.risk_rules").fetchall()
    )
    assert weights["new_device_large_unverified"] == pytest.approx(0.25)
    assert weights["dormant_then_large"] == 0.2


def test_a_dispute_for_fraud_confirms_but_a_reviewer_knows_better(found, twenty_unverified):
    disputed = """
        insert into marts.fct_disputes
        select order_key, timestamp '2026-03-05', date '2026-03-05',
            case when day(attempted_at) <= 3 then 'fraudulent' else 'product_not_received' end,
            false
        from marts.fct_payment_attempts where is_new_device and day(attempted_at) <= 6;
        insert into marts.fct_dispositions
        select attempt_key, 'dismissed', timestamp '2026-03-06' from marts.fct_payment_attempts
        where is_new_device and day(attempted_at) = 1
    """
    found(twenty_unverified, prepare=disputed)
    assert rule(found.con)[:3] == (20, 2, 1)


def test_coverage_is_counted_by_slice_and_value(found, twenty_unverified, attempt):
    verified = [
        attempt(
            f"v{i}", "2026-03-01 10:00", user=f"v {i}", device=f"v{i}", amount=1_500.0,
            is_new_device=True, step_up="passed", region="CN-BJ",
        )
        for i in range(5)
    ]  # fmt: skip
    silent = attempt("s", "2026-03-01 10:00", user="s", amount=2_000.0, is_new_device=True)
    found([*twenty_unverified, *verified, silent])
    rows = {
        row[:3]: row[3:]
        for row in found.con.execute(
            """
            select slice, dimension, dimension_value, paid_attempts, attempts_told,
                attempts_stepped_up, round(step_up_coverage, 4), users_without_step_up,
                amount_without_step_up::double
            from analysis.step_up_breakdown
            """
        ).fetchall()
    }
    both = "large_amount_on_new_device"
    assert rows[both, "all", "all"] == (26, 25, 5, 0.2, 20, 20_000.0)
    assert rows[both, "region", "CN-SH"] == (20, 20, 0, 0.0, 20, 20_000.0)
    assert rows[both, "region", "CN-BJ"] == (5, 5, 5, 1.0, 0, 0.0)
    assert rows[both, "region", "not_recorded"] == (1, 0, 0, None, 0, 0.0)
    assert rows["every_payment", "all", "all"] == (426, 425, 405, 0.9529, 20, 20_000.0)


def test_values_of_a_dimension_add_up(attacked):
    wrong = attacked.execute(
        """
        select slice, dimension from (
            select slice, dimension, sum(paid_attempts) as n, sum(amount_without_step_up) as money
            from analysis.step_up_breakdown group by slice, dimension
        ) as parts
        inner join (
            select slice, paid_attempts, amount_without_step_up
            from analysis.step_up_breakdown where dimension = 'all'
        ) as whole using (slice)
        where n <> paid_attempts or money <> amount_without_step_up
        """
    ).fetchall()
    assert wrong == []
    assert attacked.table("analysis.step_up_breakdown").shape[0] > 50


LOST = """
    delete from marts.fct_payment_attempts where attempt_key in (
        select md5('ada ' || i)::uuid from range(0, 6) t (i)
    )
"""


def given_back(attempt) -> tuple[list[dict], list[dict]]:
    rows = [attempt(f"ada {i}", f"2026-02-{i + 1:02} 10:00", user="ada") for i in range(6)]
    refunds = [
        {"refund": f"back {i}", "order": rows[i]["order"], "user": "ada", "amount": 5.0,
         "clock": rows[-1]["clock"] + 3_600_000 * (i + 1)}
        for i in range(4)
    ]  # fmt: skip
    return rows, refunds


def test_a_decision_follows_its_case_to_the_attempt_found_since(found, attempt):
    """The log came after the bills: cases were captures when reviewers answered."""
    decide = """
        insert into marts.fct_dispositions
        select capture_key, 'confirmed', timestamp '2026-03-01' from marts.fct_refunds;
        insert into marts.fct_dispositions
        values (md5('ada 0')::uuid, 'dismissed', timestamp '2026-03-02'),
            (md5('ada 1')::uuid, 'dismissed', timestamp '2026-02-27')
    """
    found(*given_back(attempt), prepare=decide)
    assert rule(found.con, "refund_abuse")[:3] == (4, 3, 1), "the later word counts"
    assert found.con.execute(
        "select case_kind, disposition, count(*) from analysis.suspicious_payments group by all"
        " order by all"
    ).fetchall() == [("attempt", "confirmed", 3), ("attempt", "dismissed", 1)]


def test_without_a_log_days_and_amounts_are_those_of_the_payments(found, attempt):
    found(*given_back(attempt), prepare=LOST)
    kinds = found.con.execute(
        "select case_kind, sum(amount) from analysis.suspicious_payments group by 1"
    ).fetchall()
    assert kinds == [("capture", 80.0)], "four payments of 20, of which 5 each came back"
    shown = found.con.execute(
        "select rule_id, cases_per_day, suspicious_amount::double from analysis.risk_rules"
        " where suspicious_cases > 0 order by 1"
    ).fetchall()
    assert shown == [("any", 4 / 6, 80.0), ("refund_abuse", 4 / 6, 80.0)], "1 to 6 February"


def test_decisions_that_name_nothing_are_told(found, attempt):
    decide = """
        insert into marts.fct_dispositions
        select capture_key, 'confirmed', timestamp '2026-03-01' from marts.fct_refunds limit 1;
        insert into marts.fct_dispositions
        values (md5('of another key')::uuid, 'confirmed', timestamp '2026-03-01'),
            (md5('ada 5')::uuid, 'dismissed', timestamp '2026-03-01'),
            (md5('back 2')::uuid, 'dismissed', timestamp '2026-03-01')
    """
    found(*given_back(attempt), prepare=decide)
    assert unknown_decisions(found.con) == (1, 4)
