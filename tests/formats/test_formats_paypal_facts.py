"""PayPal in the warehouse: one payment from three reports, refunds, movements, events, attempts.

The rows and their sums are worked out by hand beside the fixtures (`paypal_bytes`).
"""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.fixture
def ask(international_warehouse):
    return lambda query: international_warehouse.sql(query).fetchall()


def test_the_same_transaction_in_three_reports_is_one_payment(ask):
    # 52.00 USD is in the settlement, the detail and the English activity.
    payments = ask(
        "select source, amount, fee_amount, product_key is not null, country, user_key_scope"
        " from marts.fct_captures where provider = 'paypal' and amount = 52"
    )
    assert payments == [
        ("paypal_settlement", Decimal("52"), Decimal("2.25"), True, "DE", "paypal_payer")
    ]


def test_payments_per_currency(ask):
    sums = ask(
        "select currency, count(*), sum(amount), sum(fee_amount) from marts.fct_captures"
        " where provider = 'paypal' group by currency order by currency"
    )
    # USD: 52 + 5.35 + 99 + 61 + 1 + 1200.50 + 66 + 18; EUR: 49.37 + 1234.56; yen with two decimals.
    assert sums == [
        ("EUR", 2, Decimal("1283.93"), Decimal("33.00")),
        ("JPY", 1, Decimal("150"), Decimal("6")),
        ("USD", 8, Decimal("1502.85"), Decimal("46.97")),
    ]


def test_conversions_deposits_and_payments_to_others_are_no_revenue(ask):
    kinds = dict(
        ask(
            "select movement_kind, count(*) from marts.fct_balance_movements"
            " where provider = 'paypal' group by movement_kind"
        )
    )
    assert kinds == {
        "payment": 11, "refund": 4, "conversion": 3, "dispute": 1, "fee": 1, "payout": 3,
        # Paid to someone else, and a type in words that are not known here.
        "other": 2,
    }  # fmt: skip


def test_a_refund_is_linked_by_reference_id_and_its_fee_came_back(ask):
    refunds = ask(
        "select refund_amount, fee_returned_amount, is_orphan, is_partial,"
        " strftime(captured_at, '%m-%d %H:%M:%S')"
        " from marts.fct_refunds where provider = 'paypal' order by refund_amount"
    )
    assert refunds == [
        (Decimal("13.40"), Decimal("0.47"), False, True, "01-06 18:00:30"),
        (Decimal("99"), Decimal("0.47"), False, False, "01-06 18:00:30"),
        (Decimal("200"), Decimal("5.80"), False, True, "01-25 20:30:00"),
        (Decimal("234.56"), Decimal("5"), False, True, "01-07 11:09:12"),
    ]


def test_net_is_gross_less_fee_and_a_returned_fee_adds(ask):
    nets = ask(
        "select gross_amount, fee_amount, net_amount from marts.fct_balance_movements"
        " where provider = 'paypal' and movement_kind = 'refund' and gross_amount = -13.40"
    )
    assert nets == [(Decimal("-13.40"), Decimal("-0.47"), Decimal("-12.93"))]


def test_what_moved_no_money_is_an_event(ask):
    events = ask(
        "select event_type, amount from marts.fct_payment_events where provider = 'paypal'"
        " order by amount"
    )
    assert events == [
        ("refused", Decimal("42")),
        ("pending", Decimal("61")),
        ("authorised", Decimal("77")),
        ("refused", Decimal("80")),
    ]


def test_attempts_come_from_reports_that_list_failures_only(ask):
    outcomes = ask(
        "select source, outcome, count(*) from marts.fct_payment_attempts"
        " where provider = 'paypal' group by all order by all"
    )
    # 61.00 was pending in one detail report and done in the next; 99.00 is only in a settlement.
    assert outcomes == [
        ("paypal_activity", "failed", 1),
        ("paypal_activity", "succeeded", 4),
        ("paypal_transaction_detail", "failed", 1),
        ("paypal_transaction_detail", "succeeded", 4),
    ]


def test_a_chargeback_is_a_dispute_of_its_payment(ask):
    disputes = ask(
        "select dispute_status, disputed_amount, captured_at is not null from marts.fct_disputes"
        " where provider = 'paypal'"
    )
    assert disputes == [("open", Decimal("5.35"), True)]
