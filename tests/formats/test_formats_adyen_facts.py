"""Adyen in the warehouse: an event log is not money, refunds of other batches, wallets, refusals.

The rows and their sums are worked out by hand beside the fixtures (`adyen_bytes`).
"""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.fixture
def ask(international_warehouse):
    return lambda query: international_warehouse.sql(query).fetchall()


def test_payments_from_settlement_and_accounting(ask):
    payments = ask(
        "select amount, currency, fee_amount, fee_currency, wallet, funding_brand, source,"
        " user_key_scope from marts.fct_captures where provider = 'adyen' order by amount"
    )
    fee = Decimal("0.38")
    assert payments == [
        # The wallet is in the variant only: nyce beside mc_googlepay.
        (Decimal("0.25"), "EUR", fee, "EUR", "google_pay", "nyce", "adyen_settlement", None),
        (Decimal("10.40"), "EUR", fee, "EUR", "apple_pay", "visa", "adyen_accounting", "subject"),
        # Captured in two parts, 20 and 30.
        (Decimal("50"), "EUR", 2 * fee, "EUR", "card", "visa", "adyen_settlement", None),
        # In both reports; only the accounting knows the shopper.
        (
            Decimal("100"), "EUR", fee, "EUR", "apple_pay", "mastercard", "adyen_settlement",
            "subject",
        ),
        # Yen in major units; the fee is in the currency of the settlement.
        (Decimal("3158"), "JPY", Decimal("0.30"), "EUR", "alipay", None, "adyen_settlement", None),
    ]  # fmt: skip


def test_four_steps_are_one_payment_and_one_attempt(ask):
    steps = ask(
        "select event_type, amount from marts.fct_payment_events"
        " where provider = 'adyen' and amount <= 10.40"
        " and capture_key in (select capture_key from marts.fct_captures where amount = 10.40)"
        " order by occurred_at"
    )
    # The settled step prints 10.02 (net) as its main amount.
    paid, back = Decimal("10.40"), Decimal("4.00")
    assert steps == [
        ("received", paid),
        ("authorised", paid),
        ("sent_for_settle", paid),
        ("sent_for_refund", back),
        ("settled", paid),
        ("refunded", back),
    ]


def test_outcomes_of_attempts_and_their_reasons(ask):
    attempts = ask(
        "select outcome, wallet, error_code, failure_category, step_up, source"
        " from marts.fct_payment_attempts where provider = 'adyen' order by attempted_at"
    )
    assert attempts == [
        ("succeeded", "apple_pay", None, None, None, "adyen_accounting"),
        ("failed", "apple_pay", None, "unknown", None, "adyen_accounting"),
        ("unknown", "apple_pay", None, None, None, "adyen_accounting"),
        # Original Amount would have been a hundred times too large.
        ("succeeded", "wechat_pay", None, None, None, "adyen_accounting"),
        # In both reports; the one that knows the reason counts.
        ("failed", "apple_pay", "12", "insufficient_funds", None, "adyen_received"),
        ("failed", "apple_pay", "20", "suspected_fraud", "failed", "adyen_received"),
        ("succeeded", "apple_pay", None, None, "passed", "adyen_received"),
        # The acquirer's 12 is no reason of Adyen's with this number.
        ("failed", "apple_pay", "unrecognised", "unknown", None, "adyen_received"),
    ]
    yen = ask(
        "select amount from marts.fct_payment_attempts"
        " where currency = 'JPY' and provider = 'adyen'"
    )
    assert yen == [(Decimal("3158"),)]


def test_refunds_of_other_batches_are_normal_and_turnaround_is_known(ask):
    refunds = ask(
        "select refund_amount, is_orphan, refund_status, fee_returned_amount, turnaround_seconds"
        " from marts.fct_refunds where provider = 'adyen' order by refund_amount"
    )
    assert refunds == [
        (Decimal("4"), False, "succeeded", None, 26 * 3600),
        (Decimal("55"), True, "succeeded", Decimal("5"), None),
    ]


def test_movements_cancel_and_equal_rows_of_one_file_are_two(ask):
    movements = ask(
        "select movement_kind, count(*), sum(net_amount) from marts.fct_balance_movements"
        " where provider = 'adyen' group by movement_kind order by movement_kind"
    )
    assert movements == [
        ("dispute", 1, Decimal("-20.38")),
        ("fee", 2, Decimal("-3.00")),
        ("payment", 5, Decimal("168.43")),
        ("payout", 1, Decimal("-95.05")),
        ("refund", 1, Decimal("-50.00")),
    ]
    assert sum(net for _, _, net in movements) == 0


def test_a_tiny_payment_may_cost_money(ask):
    tiny = ask(
        "select gross_amount, fee_amount, net_amount from marts.fct_balance_movements"
        " where provider = 'adyen' and gross_amount = 0.25"
    )
    assert tiny == [(Decimal("0.25"), Decimal("0.38"), Decimal("-0.13"))]


def test_the_batch_again_as_a_workbook_is_a_copy(ask):
    (counted,) = ask(
        "select sum(rows_in_file), sum(rows_in_facts), sum(rows_duplicate), sum(rows_unaccounted)"
        " from marts.rpt_file_conservation where source = 'adyen_settlement'"
    )
    assert counted == (20, 10, 10, 0)


def test_a_chargeback_is_a_dispute_of_its_payment(ask):
    disputes = ask(
        "select dispute_status, disputed_amount, captured_at is not null from marts.fct_disputes"
        " where provider = 'adyen'"
    )
    assert disputes == [("open", Decimal("20"), True)]
