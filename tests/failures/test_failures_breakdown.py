"""The breakdown counts what it says, adds up, and puts money where the first attempt failed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.failures.breakdown import DIMENSIONS, breakdown_sql
from pipelines.failures.tables import top_causes_markdown, write_breakdown

COLUMNS = {
    "dimension": "VARCHAR",
    "dimension_value": "VARCHAR",
    "failure_category": "VARCHAR",
    "attempts": "BIGINT",
    "failed": "BIGINT",
    "users": "BIGINT",
    "failure_rate": "DOUBLE",
    "failure_rate_low": "DOUBLE",
    "failure_rate_high": "DOUBLE",
    "share_of_failures": "DOUBLE",
    "amount_failed": "DECIMAL(18,4)",
    "amount_at_risk": "DECIMAL(18,4)",
    "amount_recovered": "DECIMAL(18,4)",
    "amount_lost": "DECIMAL(18,4)",
    "currency": "VARCHAR",
    "is_small_sample": "BOOLEAN",
    "amount_open": "DECIMAL(18,4)",
    "users_at_risk": "BIGINT",
    "users_recovered": "BIGINT",
    "users_lost": "BIGINT",
    "users_open": "BIGINT",
}


def cell(con, dimension: str, value: str, category: str) -> dict:
    relation = con.execute(
        "select * from analysis.failure_breakdown"
        " where (dimension, dimension_value, failure_category) = (?, ?, ?)",
        [dimension, value, category],
    )
    rows = relation.fetchall()
    assert len(rows) == 1, (dimension, value, category, rows)
    return dict(zip(COLUMNS, rows[0], strict=True))


def test_failures_small_example_worked_by_hand(con, add_attempt, add_payment):
    lack = {"failure_category": "insufficient_funds"}
    add_attempt(1, "o1", "u1", "failed", amount=10, **lack)
    add_attempt(
        2,
        "o1",
        "u1",
        "succeeded",
        amount=10,
        wallet="wechat_pay",
        attempt_number=2,
        is_first_attempt=False,
    )
    add_attempt(3, "o2", "u2", "failed", amount=20, wallet="wechat_pay", local_hour=21)
    add_attempt(4, "o3", "u1", "failed", amount=40, **lack)
    add_attempt(5, "o4", "u3", "failed", amount=7, currency="USD", **lack)
    # In neither numerator nor denominator: no answer, and test traffic.
    add_attempt(6, "o5", "u4", "unknown", amount=80)
    add_attempt(7, "o6", "u5", "failed", amount=160, is_test=True, **lack)
    # Logged as failed, but a bill shows that it was paid.
    add_attempt(8, "o7", "u6", "failed", amount=320, resolved_outcome="succeeded")
    add_payment("o1", "insufficient_funds", 10, 10, 0, user="u1")
    add_payment("o2", None, 20, 0, 20, user="u2")
    add_payment("o3", "insufficient_funds", 40, 0, 0, user="u1")
    add_payment("o4", "insufficient_funds", 7, 0, 7, currency="USD")
    add_payment("o6", "insufficient_funds", 160, 0, 160, is_test=True)
    write_breakdown(con, "CNY")

    whole = cell(con, "all", "all", "all")
    assert (whole["attempts"], whole["failed"], whole["users"]) == (6, 4, 3)
    assert whole["failure_rate"] == pytest.approx(4 / 6)
    assert whole["share_of_failures"] == 1
    money = ("amount_failed", "amount_at_risk", "amount_recovered", "amount_lost")
    assert [whole[name] for name in money] == [70, 70, 10, 20]
    assert whole["is_small_sample"] is True
    # u1 paid one order in the end, and another is still open.
    owners = ("users_at_risk", "users_recovered", "users_lost", "users_open")
    assert [whole[name] for name in owners] == [2, 1, 1, 1]
    assert whole["amount_open"] == 40

    funds = cell(con, "all", "all", "insufficient_funds")
    assert (funds["attempts"], funds["failed"], funds["users"]) == (6, 3, 2)
    assert funds["share_of_failures"] == pytest.approx(3 / 4)
    assert [funds[name] for name in money] == [50, 50, 10, 0]

    # o1 failed first in Alipay and was recovered in WeChat Pay: its money belongs to Alipay.
    alipay = cell(con, "wallet", "alipay", "all")
    assert (alipay["attempts"], alipay["failed"]) == (4, 3)
    assert [alipay[name] for name in money] == [50, 50, 10, 0]
    unmapped = cell(con, "wallet", "wechat_pay", "unknown")
    assert [unmapped[name] for name in money] == [20, 20, 0, 20]
    assert cell(con, "local_hour", "09", "all")["attempts"] == 5
    assert cell(con, "local_hour", "21", "all")["failed"] == 1
    assert cell(con, "os", "not_recorded", "all")["failed"] == 4


def test_failures_categories_add_up_to_failures_everywhere(generate):
    con = generate()
    write_breakdown(con, "CNY")
    broken = con.execute(
        """
        select dimension, dimension_value from analysis.failure_breakdown
        group by all
        having sum(failed) filter (failure_category <> 'all')
                is distinct from nullif(max(failed) filter (failure_category = 'all'), 0)
            or abs(sum(share_of_failures) filter (failure_category <> 'all') - 1) > 1e-9
            or sum(amount_at_risk) filter (failure_category <> 'all')
                <> max(amount_at_risk) filter (failure_category = 'all')
            or count(*) filter (failure_category = 'all') <> 1
            or count(distinct attempts) <> 1
        """
    ).fetchall()
    assert broken == []


def test_failures_every_dimension_adds_up_to_the_facts(generate):
    con = generate()
    write_breakdown(con, "CNY")
    facts = con.execute(
        """
        select
            count(*) filter (resolved_outcome in ('succeeded', 'failed')),
            count(*) filter (resolved_outcome = 'failed'),
            sum(amount) filter (resolved_outcome = 'failed' and currency = 'CNY')
        from marts.fct_payment_attempts where not is_test
        """
    ).fetchall()[0]
    money = con.execute(
        """
        select sum(amount_at_risk), sum(amount_recovered), sum(amount_lost)
        from marts.fct_payments where not is_test and currency = 'CNY'
        """
    ).fetchall()[0]
    assert facts[1] > 300
    sums = con.execute(
        """
        select dimension, sum(attempts), sum(failed), sum(amount_failed), sum(amount_at_risk),
            sum(amount_recovered), sum(amount_lost)
        from analysis.failure_breakdown where failure_category = 'all' group by dimension
        """
    ).fetchall()
    assert {row[0] for row in sums} == {"all", *DIMENSIONS}
    assert {row[1:] for row in sums} == {(*facts, *money)}


def test_failures_rates_lie_in_their_intervals_and_small_samples_are_marked(generate):
    con = generate(attempts=600)
    write_breakdown(con, "CNY")
    outside = con.execute(
        """
        select * from analysis.failure_breakdown
        where not (failure_rate between failure_rate_low and failure_rate_high)
            or is_small_sample <> (attempts < 30) or failed > attempts or users > failed
        """
    ).fetchall()
    assert outside == []
    marked = con.execute(
        "select distinct is_small_sample from analysis.failure_breakdown order by 1"
    ).fetchall()
    assert marked == [(False,), (True,)]


def test_failures_money_without_a_counted_attempt_still_has_its_row(con, add_attempt, add_payment):
    add_attempt(1, "o1", "u1", "succeeded")
    # The only attempt of o2 is in the log as unknown; the mart still holds its money at risk.
    add_attempt(2, "o2", "u2", "unknown", bank="ICBC")
    add_payment("o2", "processing_error", 30, 0, 30)
    write_breakdown(con, "CNY")
    row = cell(con, "bank", "ICBC", "processing_error")
    assert (row["attempts"], row["failed"], row["failure_rate"]) == (0, 0, None)
    assert (row["failure_rate_low"], row["share_of_failures"]) == (None, None)
    assert row["amount_lost"] == Decimal(30)


def test_failures_empty_warehouse_gives_an_empty_table(con):
    assert write_breakdown(con, "CNY") == 0
    described = con.execute("describe analysis.failure_breakdown").fetchall()
    assert {row[0]: row[1] for row in described} == COLUMNS
    assert "| cause |" in top_causes_markdown(con, 10)


def test_failures_causes_behind_few_users_are_not_shown(generate, add_attempt):
    con = generate()
    add_attempt(9, "rare", "rare", "failed", failure_category="suspected_fraud")
    write_breakdown(con, "CNY")
    shown = top_causes_markdown(con, 10)
    assert "insufficient_funds" in shown
    assert "suspected_fraud" not in shown
    assert "1 causes with <10 users not shown" in shown


def test_failures_currency_must_be_a_code():
    with pytest.raises(ValueError, match="ISO 4217"):
        breakdown_sql("CNY' or true --")
