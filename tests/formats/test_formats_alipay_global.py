"""Alipay global and Antom: pipes, commas, dates in either order, `<END>`, units never guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import global_bytes as g
import pytest
from ingest_merchant import Merchant

D = Decimal


@pytest.fixture
def make(tmp_path_factory):
    """A new merchant for each call, with settings such as antom_report__amount_unit."""

    def merchant(**options: str) -> Merchant:
        names = {key.replace("__", "."): value for key, value in options.items()}
        return Merchant(tmp_path_factory.mktemp("data"), threads=1, format_options=names)

    return merchant


def refusal(merchant: Merchant, content: bytes) -> tuple[str, str]:
    merchant.put("file", content)
    (quarantined,) = merchant.ingest().files_quarantined
    return quarantined.reason, quarantined.message


def test_the_splitting_pipe_is_no_part_of_a_pattern(make):
    merchant = make()
    quoted = [row.replace("|AG-1|5812|", '|"AG-1 ""x"""|5812|') for row in g.SETTLED]
    merchant.put("file", g.settlement_file(quoted))
    assert merchant.ingest().rows_loaded == 2
    assert merchant.rows("alipay_global")["settlement"].to_list() == ["98.80", "39.52"]


def test_the_header_with_shares_instead_of_list_prices(make):
    merchant = make()
    row = "GX-1|2025110121001003000000000578434|29.05|24.73|0.34|0.0|0.0|28.71|24.44|HKD|0.85329|"
    merchant.put("f", g.settlement_file([row + "2025-11-01 10:57:23||P|P|GX-1"], g.SETTLEMENT_16))
    assert merchant.ingest().rows_loaded == 1
    assert merchant.rows("alipay_global")["distribute_amount"].to_list() == ["0.0"]


@pytest.mark.parametrize("has_labels", [True, False])
def test_the_number_of_records_is_a_control_total(make, has_labels):
    merchant = make()
    merchant.put("file", g.transaction_file(has_labels=has_labels))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.totals_checked, summary.totals_matched) == (3, 1, 1)
    assert merchant.rows("alipay_global")["partner"].unique().to_list() == ["2088000000001234"]
    reason, message = refusal(make(), g.transaction_file(count=4, has_labels=has_labels))
    assert reason == "control_total_mismatch"
    assert "row_count stated 4, counted 3" in message


def test_padded_values_and_months_first(make):
    """The 13th day tells that the month comes first."""
    merchant = make()
    merchant.put("file", g.fptrade_file())
    assert merchant.ingest().rows_loaded == 2
    rows = merchant.rows("alipay_global")
    assert rows["payment_time"].to_list() == ["2025-11-03 09:00:00", "2025-11-13 10:00:00"]
    assert rows["amount"].to_list() == ["852.40", "52.40"]


def test_dates_that_can_be_read_in_two_ways_need_the_setting(make):
    content = g.fptrade_file(g.FPTRADE[:1])
    reason, message = refusal(make(), content)
    assert reason == "ambiguous_dates"
    assert "alipay_global.date_order" in message
    for order, day in (("MDY", "2025-11-03"), ("DMY", "2025-03-11")):
        merchant = make(alipay_global__date_order=order)
        merchant.put("file", content)
        merchant.ingest()
        assert merchant.rows("alipay_global")["payment_time"][0].startswith(day)


def test_a_setting_that_the_file_contradicts(make):
    reason, message = refusal(make(alipay_global__date_order="DMY"), g.fptrade_file())
    assert (reason, "are MDY" in message) == ("ambiguous_dates", True)
    reason, _ = refusal(make(alipay_global__date_order="YMD"), g.fptrade_file())
    assert reason == "bad_option"


def test_both_orders_in_one_file_are_refused(make):
    rows = [*g.FPTRADE, g.FPTRADE[0].replace("11/03/2025", "23/11/2025")]
    assert refusal(make(), g.fptrade_file(rows))[0] == "bad_time"


def test_the_batches_of_a_zip_are_held_against_its_files(make):
    merchant = make()
    merchant.put("file", g.settle_zip())
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert (summary.totals_checked, summary.totals_matched) == (3, 3)
    wrong = make()
    wrong.put("file", g.settle_zip(g.BATCHES.replace("792.00", "793.00")))
    reasons = {file.reason for file in wrong.ingest().files_quarantined}
    assert reasons == {"control_total_mismatch"}


def test_a_report_without_its_end_was_cut_off(make):
    reason, message = refusal(make(), g.antom(g.ITEMS, g.ITEMS_15, end=""))
    assert (reason, "<END>" in message) == ("truncated", True)
    cut = g.antom(g.ITEMS, g.ITEMS_15, end="<EN")
    assert refusal(make(), cut)[0] in {"truncated", "control_total_mismatch"}


def test_won_and_yen_have_no_decimals_so_the_unit_does_not_matter(make):
    merchant = make()
    merchant.put("file", g.antom(g.ITEMS, g.ITEMS_15))
    assert merchant.ingest().rows_loaded == 2
    assert merchant.rows("antom_report")["amount_unit"].unique().to_list() == ["major"]


def test_the_unit_of_amounts_is_never_guessed(make):
    content = g.antom(g.SETTLED_ITEMS, g.SETTLEMENT_ITEMS)
    reason, message = refusal(make(), content)
    assert reason == "ambiguous_amounts"
    assert "antom_report.amount_unit" in message
    merchant = make(antom_report__amount_unit="minor")
    merchant.put("file", content)
    merchant.ingest()
    assert merchant.rows("antom_report")["amount_unit"].unique().to_list() == ["minor"]


def test_a_decimal_point_proves_major_units(make):
    rows = [row.replace("1450,USD,50,", "14.50,USD,0.50,") for row in g.SETTLED_ITEMS]
    content = g.antom(rows, g.SETTLEMENT_ITEMS)
    assert refusal(make(antom_report__amount_unit="minor"), content)[0] == "bad_option"
    merchant = make()
    merchant.put("file", content)
    assert merchant.ingest().rows_loaded == 3
    assert merchant.rows("antom_report")["amount_unit"].unique().to_list() == ["major"]


def test_a_state_that_is_not_known_is_not_passed_over(make):
    """The newer report lists failed transactions too: they must not become payments."""
    header = g.ITEMS_15.replace("productCode", "transactionState")
    reason, message = refusal(make(), g.antom(g.ITEMS, header))
    assert (reason, "transactionState" in message) == ("unknown_column", True)


def test_a_summary_of_settlements_is_named(make):
    header = "settlementBatchId,customerId,acquirer,summaryType,settlementTime,count"
    reason, message = refusal(make(), g.antom([], header))
    assert (reason, "settlementItems" in message) == ("unrecognised", True)


def test_global_payments_and_refunds(international_warehouse):
    """A payment of the transaction file and of the settlement file is one; days are China's."""
    captures = international_warehouse.sql(
        """
        select wallet, amount, currency, settlement_amount, settlement_currency, fee_amount,
            business_date, is_derived
        from marts.fct_captures where provider = 'alipay_global' order by amount
        """
    ).fetchall()
    day = dt.date(2025, 11, 1)
    assert captures == [
        ("alipay_hk", D("852.4"), "HKD", D("852.4"), "HKD", D("8.52"), dt.date(2025, 11, 3), False),
        ("alipay", D(1500), "TWD", D(50), "HKD", D("0.6"), day, False),
        ("alipay", D(3000), "TWD", D(100), "HKD", D("1.2"), day, True),
    ]
    refunds = international_warehouse.sql(
        """
        select refund_kind, refund_amount, currency, fee_returned_amount, captured_amount, is_orphan
        from (
            select refunds.*, captures.amount as captured_amount from marts.fct_refunds as refunds
            left join marts.fct_captures as captures using (capture_key)
        ) where provider = 'alipay_global' order by refund_amount
        """
    ).fetchall()
    assert refunds == [
        # By the original order number, by the remark, by its own number.
        ("refund", D("52.4"), "HKD", D("0.52"), D("852.4"), False),
        ("refund", D(1200), "TWD", D("0.48"), D(3000), False),
        ("revocation", D(1500), "TWD", D("0.6"), D(1500), False),
    ]


def test_settled_lines_are_movements(international_warehouse):
    rows = international_warehouse.sql(
        """
        select movement_kind, gross_amount, fee_amount, net_amount, currency, business_date
        from marts.fct_balance_movements where provider = 'alipay_global' order by net_amount
        """
    ).fetchall()
    day = dt.date(2025, 11, 3)
    assert rows == [
        ("refund", D(-40), D("-0.48"), D("-39.52"), "HKD", day),
        ("payment", D(100), D("1.2"), D("98.8"), "HKD", day),
    ]


def test_antom_in_two_reports_is_counted_once(international_warehouse):
    captures = international_warehouse.sql(
        """
        select source, wallet, amount, currency, settlement_amount, settlement_currency,
            fee_amount, fee_currency, captured_at::varchar, is_derived
        from marts.fct_captures where provider = 'antom'
        """
    ).fetchall()
    assert captures == [
        (
            "antom_report", "kakaopay", D(18000), "KRW", D(15), "USD", D("0.5"), "USD",
            "2025-11-01 14:30:00", False,
        )
    ]  # fmt: skip
    movements = international_warehouse.sql(
        """
        select movement_kind, gross_amount, fee_amount, net_amount, capture_key is not null
        from marts.fct_balance_movements where provider = 'antom' order by net_amount
        """
    ).fetchall()
    assert movements == [
        ("refund", D("-7.5"), D("-0.25"), D("-7.25"), True),
        ("fee", D(-3), None, D(-3), False),
        ("payment", D(15), D("0.5"), D("14.5"), True),
    ]
    refunds = international_warehouse.sql(
        "select refund_amount, is_orphan, is_partial from marts.fct_refunds"
        " where provider = 'antom'"
    ).fetchall()
    assert refunds == [(D(9000), False, True)]


def test_overseas_bills_of_wechat_keep_their_currencies(international_warehouse):
    """Trap 21: three currencies a row; no sum mixes them."""
    captures = international_warehouse.sql(
        """
        select amount, currency, settlement_amount, settlement_currency, fee_amount, fee_currency,
            business_date
        from marts.fct_captures where source = 'wechat_global_bill' order by amount
        """
    ).fetchall()
    day = dt.date(2025, 11, 1)
    assert captures == [
        (D(80), "HKD", D("10.2"), "USD", D("0.07"), "USD", day),
        (D(1000), "JPY", D("6.6"), "USD", D("0.07"), "USD", day),
    ]
    refunds = international_warehouse.sql(
        "select refund_amount, currency, fee_returned_amount, fee_currency, is_orphan"
        " from marts.fct_refunds where source = 'wechat_global_bill'"
    ).fetchall()
    assert refunds == [(D(300), "JPY", D("0.02"), "USD", False)]
