"""Stripe's balance and payout reports: any columns, fees of two kinds, UTC, one movement once."""

from __future__ import annotations

from decimal import Decimal

import pytest
import stripe_api_bytes as s
from ingest_merchant import Merchant

D = Decimal


@pytest.fixture
def merchant(tmp_path) -> Merchant:
    return Merchant(tmp_path / "data", threads=1, format_options=s.OPTIONS)


@pytest.mark.parametrize(
    ("header", "rows", "variant", "totals"),
    [
        (s.BALANCE, s.BALANCE_ROWS, "balance-18", 1),
        (s.RECONCILIATION, s.RECONCILIATION_ROWS, "payout_reconciliation-12", 1),
        # Without gross and fee there is nothing that net must add up to.
        (s.LOCAL, s.LOCAL_ROWS, "balance-6", 0),
    ],
)
def test_column_sets(merchant, header, rows, variant, totals):
    merchant.put("report.csv", s.balance(header, rows, "\r\n"))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.totals_matched) == (len(rows), totals)
    assert summary.results[0].warnings == ()
    assert merchant.files()["variant"][0] == variant


def test_net_must_be_gross_less_fee(merchant):
    rows = [line.replace(",28.80,", ",29.80,") for line in s.BALANCE_ROWS]
    merchant.put("report.csv", s.balance(rows=rows))
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "control_total_mismatch"
    assert "net stated -1026.7, counted -1025.7" in quarantined.message


def test_a_report_without_utc_needs_its_time_zone(tmp_path, merchant):
    """Trap: the un-suffixed column is in the report's zone, which the report does not name."""
    bare = Merchant(tmp_path / "bare", threads=1)
    bare.put("report.csv", s.balance(s.LOCAL, s.LOCAL_ROWS))
    (quarantined,) = bare.ingest().files_quarantined
    assert quarantined.reason == "unknown_time_zone"
    assert "stripe_balance.time_zone" in quarantined.message
    merchant.put("report.csv", s.balance(s.LOCAL, s.LOCAL_ROWS))
    merchant.ingest()
    assert merchant.rows("stripe_balance")["created_utc"].to_list() == ["2026-01-13 08:00:00"]


def test_a_zone_that_does_not_exist_is_named(tmp_path):
    options = {"stripe_balance.time_zone": "Mars/Olympus"}
    merchant = Merchant(tmp_path / "data", threads=1, format_options=options)
    merchant.put("report.csv", s.balance(s.LOCAL, s.LOCAL_ROWS))
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "unknown_time_zone"
    assert "Europe/Berlin" in quarantined.message


def test_a_summary_is_named(merchant):
    merchant.put("summary.csv", b"reporting_category,currency,count,gross,fee,net\n")
    (quarantined,) = merchant.ingest().files_quarantined
    assert "download its itemised version" in quarantined.message


def test_movements_and_both_kinds_of_fees(international_warehouse):
    """Trap: total fees are those in the fee column and the rows of category fee: 1.20, 15, 0.50."""
    rows = international_warehouse.sql(
        """
        select movement_kind, gross_amount, fee_amount, net_amount, currency,
            capture_key is not null, payout_key is not null
        from marts.fct_balance_movements where source = 'stripe_balance' order by occurred_at
        """
    ).fetchall()
    assert rows == [
        # In two reports, and counted once: the one that names the payout.
        ("payment", D(30), D("1.2"), D("28.8"), "USD", True, True),
        ("refund", D(-10), D(0), D(-10), "USD", True, False),
        ("dispute", D(-30), D(15), D(-45), "USD", True, False),
        ("fee", None, D("0.5"), D("-0.5"), "USD", False, False),
        ("payout", D(-1000), D(0), D(-1000), "USD", False, True),
        ("payment", None, None, D(7), "EUR", True, False),
    ]
    fees = sum(row[2] or 0 for row in rows if row[4] == "USD")
    assert fees == D("16.70")


def test_what_the_balance_alone_knows_is_a_derived_fact(international_warehouse):
    captures = international_warehouse.sql(
        """
        select amount, currency, settlement_amount, settlement_currency, wallet, method_family,
            funding_brand, is_derived
        from marts.fct_captures where source = 'stripe_balance' order by captured_at
        """
    ).fetchall()
    assert captures[0][2:] == (D(30), "USD", "unknown", "card", "visa", True)
    assert captures[1] == (D(7), "EUR", None, "EUR", "unknown", None, None, True)
    refunds = international_warehouse.sql(
        """
        select refund_amount, refund_status, is_orphan, is_derived from marts.fct_refunds
        where source = 'stripe_balance'
        """
    ).fetchall()
    assert refunds == [(D(10), "succeeded", False, True)]
    disputes = international_warehouse.sql(
        """
        select disputed_amount, fee_amount, dispute_status, is_derived from marts.fct_disputes
        where source = 'stripe_balance'
        """
    ).fetchall()
    assert disputes == [(D(30), D(15), "unknown", True)]
