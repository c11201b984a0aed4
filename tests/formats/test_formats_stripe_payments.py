"""Stripe's dashboard export: abandoned payments, partial refunds, the fee's currency, wallets."""

from __future__ import annotations

from decimal import Decimal

import pytest
import stripe_bytes as s
from ingest_merchant import Merchant

D = Decimal


@pytest.fixture
def merchant(tmp_path) -> Merchant:
    return Merchant(tmp_path / "data", threads=1)


@pytest.mark.parametrize(
    ("header", "rows", "variant", "tells_wallets"),
    [
        (s.HEADER_2023, s.ROWS_2023, "payments-21", False),
        (s.HEADER_2024, s.ROWS_2024, "payments-21", False),
        (s.HEADER_2025, s.ROWS_2025, "payments-23", False),
        (s.HEADER_ALL, s.ROWS_ALL, "payments-79", True),
        (s.HEADER_OLD, s.ROWS_OLD, "payments-48", True),
        (s.HEADER_METADATA, s.ROWS_METADATA, "payments-26", False),
    ],
)
def test_header_variants(merchant, header, rows, variant, tells_wallets):
    """Columns are matched by name; without a wallet column the export says how to get one."""
    merchant.put("unified_payments.csv", s.payments(header, rows))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.files_quarantined) == (len(rows), ())
    assert merchant.files()["variant"][0] == variant
    warnings = summary.results[0].warnings
    assert len(warnings) == (not tells_wallets)
    if warnings:
        assert "choose Payments, Export, columns All" in warnings[0]


def test_columns_in_another_order_and_a_spreadsheets_copy(merchant):
    header = ",".join(reversed(s.HEADER_ALL.split(",")))
    merchant.put("reversed.csv", s.payments(header, s.ROWS_ALL, end="\r\n"))
    assert merchant.ingest().rows_loaded == len(s.ROWS_ALL)
    rows = merchant.rows("stripe_payments")
    assert rows["card_tokenization"].to_list()[:2] == ["apple_pay", "android_pay"]


def test_the_sellers_message_keeps_its_code_only(merchant):
    merchant.put("payments.csv", s.payments(s.HEADER_2025, s.ROWS_2025))
    merchant.ingest()
    codes = merchant.rows("stripe_payments")["seller_decline_code"].drop_nulls()
    assert codes.to_list() == ["do_not_honor"]


def test_an_amount_with_a_decimal_comma_is_no_amount(merchant):
    """Only true thousands separators are taken out: 49,37 would become 4937."""
    rows = [*s.ROWS_2023, s.row("ch_3FcommaXX01", "2023-08-30 10:00", "49,37")]
    merchant.put("payments.csv", s.payments(s.HEADER_2023, rows))
    assert merchant.ingest().rows_loaded == 2
    (reject,) = merchant.rejects().iter_rows(named=True)
    assert (reject["reason"], reject["_row_number"]) == ("bad_amount", 4)
    assert merchant.rows("stripe_payments")["amount"].to_list() == ["15.00", "1000.00"]


def test_without_the_refunded_amount_it_is_refused(merchant):
    header = s.HEADER_2023.replace("Amount Refunded,", "", 1)
    merchant.put("payments.csv", s.payments(header, s.ROWS_2023))
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "missing_columns"
    assert "Amount Refunded" in quarantined.message


def test_rows_without_an_id_are_attempts(international_warehouse):
    """Finding 3: eight of eleven rows have no id, some are wholly equal; none is dropped."""
    rows = international_warehouse.sql(
        """
        select outcome, provider_state, count(*), count(distinct attempt_key)
        from marts.fct_payment_attempts
        where source = 'stripe_payments' and amount = 20 and business_date < date '2024-03-01'
        group by all order by all
        """
    ).fetchall()
    assert rows == [
        ("failed", "requires_payment_method", 8, 8),
        ("succeeded", "paid", 3, 3),
    ]


def test_the_fee_is_in_the_converted_currency(international_warehouse):
    """Finding 2: 35.40 of 15.00 would be 236 %; it is baht of 534.80 baht."""
    rows = international_warehouse.sql(
        """
        select amount, currency, settlement_amount, settlement_currency, fee_amount, fee_currency,
            time_precision
        from marts.fct_captures where business_date between '2023-08-28' and '2023-08-31'
        order by amount
        """
    ).fetchall()
    assert rows == [
        (D(15), "USD", D("534.8"), "THB", D("35.4"), "THB", "minute"),
        (D(1000), "USD", D(1000), "USD", D("29.3"), "USD", "minute"),
    ]


def test_refunds_come_from_the_amount_never_from_the_status(international_warehouse):
    """Finding 4: 195.00 given back on rows called Paid, 170.00 on the one called Refunded."""
    rows = international_warehouse.sql(
        """
        select is_partial, count(*), sum(refund_amount), min(days_since_capture)
        from marts.fct_refunds
        where source = 'stripe_payments' and business_date between '2025-03-01' and '2025-03-31'
        group by all order by all
        """
    ).fetchall()
    assert rows == [(False, 1, D(170), 1), (True, 15, D(195), 1)]


def test_declines_keep_their_code_and_find_their_meaning(international_warehouse):
    rows = international_warehouse.sql(
        """
        select outcome, error_code, failure_category, currency from marts.fct_payment_attempts
        where source = 'stripe_payments' and amount = 45 order by attempted_at
        """
    ).fetchall()
    assert rows == [
        ("failed", "insufficient_funds", "insufficient_funds", "USD"),
        ("failed", "do_not_honor", "generic_decline", "USD"),
        ("unknown", None, None, "EUR"),
    ]


def test_wallets_are_told_on_two_levels(international_warehouse):
    """Finding 9: Apple Pay is a token around a card, Alipay a method of its own."""
    rows = international_warehouse.sql(
        """
        select wallet, method_family, funding_brand, is_test from marts.fct_captures
        where source = 'stripe_payments' and business_date = date '2026-01-05'
        order by captured_at
        """
    ).fetchall()
    assert rows == [
        ("apple_pay", "card", "visa", False),
        ("google_pay", "card", "amex", False),
        ("card", "card", "visa", False),
        ("alipay", "wallet_account", None, False),
        ("link", "card", "visa", False),
        ("apple_pay", "card", "visa", False),
        ("card", "card", "visa", True),
    ]


def test_a_wallet_that_no_column_tells_is_unknown(international_warehouse):
    rows = international_warehouse.sql(
        "select distinct wallet, method_family from marts.fct_captures"
        " where source = 'stripe_payments' and business_date between '2025-03-01' and '2025-03-31'"
    ).fetchall()
    assert rows == [("unknown", "card")]


def test_the_same_payments_in_two_column_sets_count_once(international_warehouse):
    """The default export of the same days: each row a duplicate, but the abandoned one's intent."""
    rows = international_warehouse.sql(
        """
        select count(*), sum(amount) from marts.fct_captures
        where source = 'stripe_payments' and business_date = date '2026-01-05'
        """
    ).fetchall()
    assert rows == [(7, D(420))]


def test_a_dispute_in_the_payments_own_row(international_warehouse):
    rows = international_warehouse.sql(
        """
        select dispute_stage, dispute_status, dispute_reason, disputed_amount, wallet, is_derived,
            captured_at is not null
        from marts.fct_disputes where source = 'stripe_payments'
        """
    ).fetchall()
    assert rows == [("chargeback", "open", "fraudulent", D(80), "apple_pay", True, True)]


def test_the_order_number_in_metadata(international_warehouse):
    rows = international_warehouse.sql(
        """
        select count(distinct order_key), min(user_key_scope) from marts.fct_captures
        where source = 'stripe_payments' and business_date = date '2026-02-01'
        """
    ).fetchall()
    assert rows == [(1, "subject")]


def test_the_log_says_which_order_a_payment_belongs_to(international_warehouse):
    """By the provider's id of the payment, charge or intent: the export has no order number."""
    rows = international_warehouse.sql(
        """
        select amount, attempts, failed_attempts, final_outcome, final_wallet, has_bill,
            captured_amount, recovery_type
        from marts.fct_payments
        where order_key in (
            select order_key from marts.fct_payment_attempts
            where source = 'payment_attempts' and provider = 'stripe'
        )
        order by amount
        """
    ).fetchall()
    assert rows == [
        (D(11), 1, 0, "succeeded", "unknown", False, D(0), "none"),
        (D(30), 2, 1, "succeeded", "apple_pay", True, D(30), "other_wallet"),
        (D(40), 1, 0, "succeeded", "google_pay", True, D(40), "none"),
    ]


def test_the_logs_wallets_are_named_on_two_levels_too(international_warehouse):
    rows = international_warehouse.sql(
        """
        select wallet, method_family, funding_brand, is_late_success
        from marts.fct_payment_attempts
        where source = 'payment_attempts' and provider = 'stripe'
        order by attempted_at
        """
    ).fetchall()
    assert rows == [
        ("card", "card", "visa", False),
        ("apple_pay", "card", "visa", False),
        ("google_pay", "card", "amex", True),
        ("unknown", None, None, False),
    ]


def test_apple_pay_and_google_pay_are_a_view_of_who_processed_the_card(international_warehouse):
    rows = international_warehouse.sql(
        """
        select wallet, count(*), sum(amount), sum(refunded_amount), bool_or(is_disputed)
        from marts.rpt_wallet_payments
        where business_date = date '2026-01-05' and currency = 'USD' and not is_test
        group by wallet order by wallet
        """
    ).fetchall()
    # Stripe's export and its API together; alipay and the bare cards are not here.
    assert rows == [
        ("apple_pay", 3, D(140), D(10), True),
        ("google_pay", 1, D(40), D(0), False),
        ("link", 1, D(70), D(0), False),
        ("samsung_pay", 1, D("19.99"), D(0), False),
    ]
