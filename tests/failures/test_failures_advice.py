"""What to do and what it brings, on orders worked by hand; and refunds counted the same way."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.failures.advice import advice_sql
from pipelines.failures.refunds import refunds_sql

SWITCH = {"failure_category": "insufficient_funds", "next_action": "switch_method"}


@pytest.fixture
def order(add_attempt, add_payment, con):
    """One order: a first failure, what followed, and whether it was paid."""
    numbers = iter(range(10_000))

    def make(name: str, follow_up: str | None, paid: bool, amount: int = 100, **first):
        add_attempt(next(numbers), name, name, "failed", amount=amount, **{**SWITCH, **first})
        if follow_up:
            outcome = "succeeded" if paid else "failed"
            add_attempt(
                next(numbers),
                name,
                name,
                outcome,
                amount=amount,
                wallet=follow_up,
                attempt_number=2,
                is_first_attempt=False,
            )
        category = first.get("failure_category", SWITCH["failure_category"])
        add_payment(name, category, amount, amount if paid else 0, 0 if paid else amount)

    return make


def advised(con, wallet: str = "alipay") -> dict[str, dict]:
    relation = con.sql(f"select * from ({advice_sql('CNY')}) where wallet = '{wallet}'")
    return {row[1]: dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()}


def test_failures_advice_money_is_the_observed_rate_times_what_nobody_tried_again(order, con):
    for i in range(40):
        order(f"switched {i}", "wechat_pay", paid=i < 30)
    for i in range(10):
        order(f"left {i}", None, paid=False)
    for i in range(32):
        order(f"again {i}", "alipay", paid=i < 4)
    row = advised(con)["insufficient_funds"]
    assert (row["action"], row["basis"]) == ("other_wallet", "other_wallet")
    assert (row["orders"], row["users"]) == (82, 82)
    assert (row["other_wallet_orders"], row["other_wallet_paid"]) == (40, 30)
    assert (row["same_wallet_orders"], row["same_wallet_paid"]) == (32, 4)
    assert row["recovery_rate"] == pytest.approx(0.75)
    assert row["recovery_low"] < 0.75 < row["recovery_high"]
    assert row["amount_given_up"] == 1000
    assert row["amount_recoverable"] == Decimal(750)
    assert row["amount_at_risk"] == row["amount_recovered"] + row["amount_lost"]
    assert row["better_action"] is None


def test_failures_advice_says_when_another_action_brings_more(order, con):
    later = {"failure_category": "limit_exceeded", "next_action": "retry_later"}
    for i in range(40):
        order(f"switched {i}", "wechat_pay", paid=i < 36, **later)
        order(f"again {i}", "alipay", paid=i < 8, **later)
    row = advised(con)["limit_exceeded"]
    assert (row["action"], row["basis"]) == ("retry_later", "same_wallet")
    assert row["better_action"] == "other_wallet"


def test_failures_advice_without_enough_observations_names_no_amount(order, con):
    for i in range(5):
        order(f"switched {i}", "wechat_pay", paid=True)
    row = advised(con)["insufficient_funds"]
    assert (row["basis"], row["recovery_rate"], row["amount_recoverable"]) == ("none", None, None)


def test_failures_advice_borrows_the_rate_of_the_cause_in_all_wallets(order, con):
    for i in range(40):
        order(f"switched {i}", "wechat_pay", paid=i < 20)
    order("other", None, paid=False, wallet="wechat_pay", amount=60)
    row = advised(con, "wechat_pay")["insufficient_funds"]
    assert row["recovery_rate"] == pytest.approx(0.5)
    assert row["amount_recoverable"] == Decimal(30)


def test_failures_advice_of_an_unmapped_code_is_to_add_it(order, con):
    order("odd", None, paid=False, failure_category=None, next_action=None)
    assert advised(con)["unknown"]["action"] == "add_the_code"


def test_failures_advice_no_answer_is_queried_first(add_attempt, add_payment, con):
    for i in range(10):
        resolved = "succeeded" if i < 3 else "unknown"
        add_attempt(i, f"o{i}", f"u{i}", "unknown", resolved_outcome=resolved)
        add_payment(f"o{i}", None, 0, 0, 0)
    row = advised(con)["no_answer"]
    assert (row["action"], row["basis"]) == ("query_first", "late_success")
    assert row["recovery_rate"] == pytest.approx(0.3)


REFUNDS = """
create table marts.fct_captures (
    capture_key uuid, order_key uuid, wallet varchar, provider varchar, amount decimal(18, 4),
    is_test boolean default false
);
create table marts.fct_refunds (
    capture_key uuid, order_key uuid, user_key uuid, wallet varchar, provider varchar,
    refund_kind varchar, refund_status varchar, requested_amount decimal(18, 4),
    currency varchar, is_orphan boolean, is_partial boolean, refund_number integer,
    days_since_capture integer, turnaround_seconds bigint, is_sla_due boolean,
    is_sla_breached boolean, refund_reason varchar, failure_reason varchar,
    is_test boolean default false
);
insert into marts.fct_captures (capture_key, order_key, wallet, provider, amount)
select md5('c' || i)::uuid, md5('o' || i)::uuid, if(i < 6, 'alipay', 'wechat_pay'),
    if(i < 6, 'alipay', 'wechat_pay'), 100
from range(10) as t(i);
insert into marts.fct_refunds by name
select
    md5('c' || capture)::uuid as capture_key, md5('o' || capture)::uuid as order_key,
    md5('u' || capture)::uuid as user_key,
    if(capture < 6, 'alipay', 'wechat_pay') as wallet,
    if(capture < 6, 'alipay', 'wechat_pay') as provider, 'refund' as refund_kind,
    status as refund_status, amount as requested_amount, currency, capture > 90 as is_orphan,
    amount < 100 as is_partial, number as refund_number, 2 as days_since_capture,
    3600 * hours as turnaround_seconds, hours is not null as is_sla_due,
    hours is not null and hours > 72 as is_sla_breached,
    if(status = 'failed', 'expired_card', null) as failure_reason
from (values
    (0, 'succeeded', 100, 'CNY', 1, 2), (1, 'succeeded', 40, 'CNY', 1, 100),
    (1, 'succeeded', 60, 'CNY', 2, 4), (2, 'failed', 90, 'CNY', 1, null),
    (7, 'pending', 30, 'CNY', 1, null), (8, 'succeeded', 9, 'USD', 1, 6),
    (99, 'succeeded', 70, 'CNY', 1, null)
) as t(capture, status, amount, currency, number, hours)
"""


def refunded(con, dimension: str, value: str) -> dict:
    relation = con.sql(
        f"select * from ({refunds_sql('CNY')})"
        f" where dimension = '{dimension}' and dimension_value = '{value}'"
    )
    return dict(zip(relation.columns, relation.fetchall()[0], strict=True))


def test_failures_refunds_worked_by_hand(con):
    con.execute(REFUNDS)
    whole = refunded(con, "all", "all")
    assert (whole["captures"], whole["refunds"], whole["users"]) == (10, 7, 6)
    # Captures 0, 1, 7, 8: a failed refund gives nothing back, an orphan has no payment here.
    assert whole["refunded_captures"] == 4
    assert whole["refund_rate"] == pytest.approx(0.4)
    assert whole["refund_rate_low"] < 0.4 < whole["refund_rate_high"]
    assert (whole["failed"], whole["pending"]) == (1, 1)
    assert whole["refund_failure_rate"] == pytest.approx(1 / 7)
    assert whole["refunded_amount"] == 100 + 40 + 60 + 30 + 70
    assert whole["amount_failed"] == 90
    # Capture 8 was given back in dollars, which are not in the amount: it hides nobody's.
    assert whole["users_given_back"] == 4
    assert (whole["timed"], whole["refunds_due"], whole["sla_breaches"]) == (4, 4, 1)
    assert whole["sla_breach_rate"] == pytest.approx(1 / 4)
    # A failed one is no partial refund.
    assert (whole["partial_refunds"], whole["repeated_refunds"]) == (5, 1)
    assert whole["hours_p50"] == pytest.approx(5)
    alipay = refunded(con, "wallet", "alipay")
    assert (alipay["captures"], alipay["refunded_captures"]) == (6, 2)
    reasons = refunded(con, "failure_reason", "expired_card")
    assert (reasons["refunds"], reasons["captures"], reasons["refund_rate"]) == (1, 0, None)
    shape = refunded(con, "refund_shape", "payment_unknown")
    assert shape["refunds"] == 1


def test_failures_refunds_every_dimension_adds_up(con):
    con.execute(REFUNDS)
    sums = con.sql(
        f"select dimension, sum(refunds), sum(refunded_amount), sum(failed)"
        f" from ({refunds_sql('CNY')}) group by dimension"
    ).fetchall()
    assert len(sums) >= 10
    assert {row[1:] for row in sums} == {(7, Decimal(300), 1)}


def test_failures_refunds_of_tests_are_in_no_rate(con):
    con.execute(REFUNDS)
    before = refunded(con, "all", "all")
    con.execute(
        "insert into marts.fct_captures by name select * replace (true as is_test)"
        " from marts.fct_captures;"
        "insert into marts.fct_refunds by name select * replace (true as is_test)"
        " from marts.fct_refunds"
    )
    assert refunded(con, "all", "all") == before


def test_failures_refunds_empty_warehouse_has_no_row(con):
    con.execute(REFUNDS.split("insert into")[0])
    assert con.sql(refunds_sql("CNY")).fetchall() == []
