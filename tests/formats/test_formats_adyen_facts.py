"""Adyen in the warehouse: an event log is not money, refunds of other batches, wallets, refusals.

The rows and their sums are worked out by hand beside the fixtures (`adyen_bytes`).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.settings import DBT_PROJECT_DIR

WARNING = DBT_PROJECT_DIR / "tests" / "warn_adyen_fees_do_not_explain_net.sql"


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
        # Disputed, won, lost; payment 110 whose capture failed is none.
        (Decimal("60"), "EUR", fee, "EUR", "card", "visa", "adyen_settlement", None),
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
        # Authorised, though its capture failed.
        ("succeeded", "apple_pay", None, None, None, "adyen_accounting"),
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
        # RefundedReversed: the bank sent it back.
        (Decimal("12"), True, "failed", None, None),
        (Decimal("55"), True, "succeeded", Decimal("5"), None),
    ]


def test_movements_cancel_and_equal_rows_of_one_file_are_two(ask):
    movements = ask(
        "select movement_kind, count(*), sum(net_amount) from marts.fct_balance_movements"
        " where provider = 'adyen' group by movement_kind order by movement_kind"
    )
    assert movements == [
        # -20.38 of the first batch; -30 and -30 of the next, between them +30.
        ("dispute", 3, Decimal("-80.38")),
        ("dispute_reversal", 1, Decimal("30.00")),
        ("fee", 2, Decimal("-3.00")),
        # 168.43 of the first batch, 59.62 of the next.
        ("payment", 6, Decimal("228.05")),
        ("payout", 2, Decimal("-124.67")),
        ("refund", 2, Decimal("-62.00")),
        ("refund_failure", 1, Decimal("12.00")),
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
    # Ten rows twice, and the seven of the next batch.
    assert counted == (27, 17, 10, 0)


def test_a_chargeback_is_a_dispute_of_its_payment(ask):
    disputes = ask(
        "select dispute_status, disputed_amount, captured_at is not null, dispute_stage,"
        " strftime(closed_at, '%m-%d') from marts.fct_disputes where provider = 'adyen'"
        " order by disputed_amount"
    )
    assert disputes == [
        ("open", Decimal("20"), True, "chargeback", None),
        # Reversed on the 12th, lost in the second round on the 20th.
        ("lost", Decimal("30"), True, "second_chargeback", "01-20"),
    ]


def test_a_capture_that_failed_is_a_step_and_no_payment(ask):
    steps = ask(
        "select event_type from marts.fct_payment_events where provider = 'adyen' and capture_key ="
        " (select capture_key from marts.fct_payment_events where event_type = 'capture_failed')"
        " order by occurred_at"
    )
    assert steps == [("received",), ("authorised",), ("sent_for_settle",), ("capture_failed",)]
    billed = ask(
        "select count(*) from marts.fct_captures where capture_key in"
        " (select capture_key from marts.fct_payment_events where event_type = 'capture_failed')"
    )
    assert billed == [(0,)]


def test_fees_that_do_not_explain_the_net_amount_are_warned_of(ask):
    """Gross less net is commission, markup, scheme fees and interchange; the rule has to notice."""
    rule = WARNING.read_text(encoding="utf-8").split(") }}", 1)[1]
    broken = (
        "(select * replace (case when gross_amount = 100 then net_amount - 0.01 else net_amount end"
        " as net_amount) from staging.stg_adyen__settlement)"
    )
    for table, found in (("staging.stg_adyen__settlement", 0), (broken, 2)):
        query = rule.replace("{{ ref('stg_adyen__settlement') }}", f"{table} as settlement_rows")
        assert len(ask(query)) == found
