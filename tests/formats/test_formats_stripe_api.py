"""Stripe's API objects and events: minor units, expanded objects, states, what an attempt is."""

from __future__ import annotations

from decimal import Decimal

import pytest
import stripe_api_bytes as s
from ingest_merchant import Merchant

D = Decimal


@pytest.fixture
def merchant(tmp_path) -> Merchant:
    return Merchant(tmp_path / "data", threads=1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_objects_of_all_kinds_in_one_file(merchant, end):
    merchant.put("webhooks.jsonl", s.lines(s.OBJECTS, end))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.files_quarantined) == (12, ())
    # 3000 - 117 and -59 - 0 are 2883 and -59: net is gross less fee.
    (total,) = merchant.totals().iter_rows(named=True)
    assert (total["total_name"], total["currency"]) == ("net_in_minor_units", "USD")
    assert (total["expected"], total["actual"]) == (D(2824), D(2824))


def test_a_list_of_events_and_a_page_of_several(merchant):
    merchant.put("events.json", s.listing(s.EVENTS))
    merchant.put("charges.json", s.listing(s.LISTED, has_more=True))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.files_quarantined) == (4, ())
    warnings = [warning for result in summary.results for warning in result.warnings]
    assert len(warnings) == 1
    assert "fetch the following pages" in warnings[0]
    assert merchant.files()["variant"].to_list() == ["document", "document"]


def test_a_balance_transaction_that_does_not_add_up_is_refused(merchant):
    wrong = [s.TRANSACTIONS[0] | {"net": 2884}]
    merchant.put("txn.jsonl", s.lines(wrong))
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "control_total_mismatch"
    assert "net_in_minor_units stated 2883, counted 2884" in quarantined.message


def test_bad_values_cost_their_row(merchant):
    rows = [
        s.APPLE,
        s.YEN | {"amount": 150.5},
        s.YEN | {"created": "2026-01-05"},
        s.YEN | {"currency": None},
    ]
    merchant.put("charges.jsonl", s.lines(rows))
    assert merchant.ingest().rows_loaded == 1
    reasons = merchant.rejects()["reason"].to_list()
    assert reasons == ["bad_amount", "bad_time", "missing_value"]


def test_minor_units_by_currency_and_wallets_on_two_levels(international_warehouse):
    """Finding 1: 15000 yen are ¥15,000, 500 of Iceland's kronur are 5, 5120 of Kuwait's 5.120.

    All are of one Stripe customer; the first charge alone has the merchant's own id of them.
    """
    rows = international_warehouse.sql(
        """
        select wallet, method_family, funding_brand, amount, currency, fee_amount, fee_currency,
            user_key_scope
        from marts.fct_captures where source = 'stripe_api' order by captured_at
        """
    ).fetchall()
    assert rows == [
        ("apple_pay", "card", "visa", D(30), "USD", D("1.17"), "USD", "subject"),
        ("google_pay", "card", "visa", D(15000), "JPY", None, None, "subject"),
        ("alipay", "wallet_account", None, D(5), "ISK", None, None, "subject"),
        # Only the intent is known, and it does not say which wallet it was.
        ("unknown", "card", None, D("5.12"), "KWD", None, None, None),
        ("samsung_pay", "card", "visa", D("19.99"), "USD", None, None, "subject"),
    ]


def test_a_declined_charge_and_its_intent_are_one_attempt(international_warehouse):
    rows = international_warehouse.sql(
        """
        select outcome, wallet, error_code, error_sub_code, advice_code, failure_category, amount
        from marts.fct_payment_attempts
        where source = 'stripe_api' and resolved_outcome = 'failed'
        """
    ).fetchall()
    assert rows == [
        (
            "failed", "apple_pay", "card_declined", "insufficient_funds", "try_again_later",
            "insufficient_funds", D(45),
        ),
    ]  # fmt: skip


def test_refunds_by_state_and_never_twice(international_warehouse):
    """The charge says 10.00 was given back, and the refund of it is listed: 10.00, not 20.00."""
    rows = international_warehouse.sql(
        """
        select refund_status, refund_amount, currency, refund_reason, failure_reason,
            turnaround_seconds, wallet, is_orphan
        from marts.fct_refunds where source = 'stripe_api' order by all
        """
    ).fetchall()
    assert rows == [
        ("failed", D(5), "USD", None, "lost_or_stolen_card", None, "apple_pay", False),
        ("succeeded", D(2), "ISK", "requested_by_customer", None, 7200, "alipay", False),
        ("succeeded", D(10), "USD", "requested_by_customer", None, None, "apple_pay", False),
    ]


def test_a_dispute_ends_as_its_last_event_says(international_warehouse):
    rows = international_warehouse.sql(
        """
        select dispute_stage, dispute_status, dispute_reason, disputed_amount, fee_amount,
            fee_currency, wallet, closed_at is not null
        from marts.fct_disputes where source = 'stripe_api'
        """
    ).fetchall()
    assert rows == [
        ("chargeback", "won", "fraudulent", D(15000), D(2000), "JPY", "google_pay", True)
    ]


def test_objects_that_are_no_money_are_out_of_scope(international_warehouse):
    rows = international_warehouse.sql(
        "select disposition, count(*) from intermediate.int_rows__not_in_facts"
        " where source = 'stripe_api' group by all order by all"
    ).fetchall()
    assert rows == [("duplicate", 3), ("out_of_scope", 1)]
