"""The funds bill: direction, fees, running balance, totals; and the RECHARGE_REFUND bill."""

from __future__ import annotations

from decimal import Decimal

import pytest
import wechat_bytes as w
from ingest_merchant import Merchant


@pytest.fixture
def merchant(tmp_path) -> Merchant:
    return Merchant(tmp_path / "data", threads=1)


def refused(merchant: Merchant, content: bytes) -> tuple[str, str]:
    merchant.put("bill.csv", content)
    (quarantined,) = merchant.ingest().files_quarantined
    return quarantined.reason, quarantined.message


@pytest.mark.parametrize("header", [w.FUNDS_11, w.FUNDS_FULL_WIDTH])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_headers_in_both_bracket_styles(merchant, header, end):
    """Trap 11: full-width brackets."""
    merchant.put("bill.csv", w.funds_bill(header=header, end=end))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.totals_checked, summary.totals_matched) == (7, 5, 5)
    assert summary.results[0].warnings == ()


def test_saved_again_by_a_spreadsheet(merchant):
    """Trap 8: TAB-separated GBK, no seconds, 0.6 for 0.60, padded totals."""
    merchant.put("bill.csv", w.funds_resaved())
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.totals_matched) == (7, 5)
    rows = merchant.rows("wechat_funds_bill")
    assert rows["_resaved"].all()
    assert rows["booked_at"][0] == "2025/11/1 9:30"


def test_a_row_left_out_breaks_the_running_balance(merchant):
    """The totals are those of the rows that are left, as in a filtered download."""
    merchant.put("bill.csv", w.funds_bill(w.FUNDS_ROWS[:3] + w.FUNDS_ROWS[4:]))
    (warning,) = merchant.ingest().results[0].warnings
    assert warning.startswith("the running balance breaks off in 1 place:")


def test_the_order_of_rows_does_not_break_the_running_balance(merchant):
    merchant.put("bill.csv", w.funds_bill([*w.FUNDS_ROWS[3:], *w.FUNDS_ROWS[:3]]))
    assert merchant.ingest().results[0].warnings == ()


def test_totals_that_do_not_match_are_refused(merchant):
    totals = [*w.funds_totals(w.FUNDS_ROWS)[:4], "430.91"]
    reason, message = refused(merchant, w.funds_bill(totals=totals))
    assert reason == "control_total_mismatch"
    assert "expense_amount stated 430.91, counted 430.9" in message


def test_a_download_cut_off_is_refused(merchant):
    lines = w.funds_bill().decode().split("\r\n")
    assert refused(merchant, "\r\n".join(lines[:6]).encode())[0] == "truncated"


def test_a_row_without_direction_is_rejected_and_the_totals_tell(merchant):
    rows = [w.FUNDS_ROWS[0] | {"收支类型": "中性"}, *w.FUNDS_ROWS[1:]]
    reason, message = refused(merchant, w.funds_bill(rows, totals=w.funds_totals(w.FUNDS_ROWS)))
    assert reason == "control_total_mismatch"
    assert "line 2: 收支类型 must be 收入 or 支出" in message


def test_an_empty_day(merchant):
    """Trap 18: header and zero totals, no rows."""
    merchant.put("bill.csv", w.funds_bill([]))
    summary = merchant.ingest()
    assert (summary.rows_in_files, summary.totals_checked, summary.totals_matched) == (0, 5, 5)


@pytest.mark.parametrize("fee_total", ["返还手续费总金额", "手续费总金额"])
def test_recharge_refunds_have_the_fee_given_back_in_a_column_of_its_own(merchant, fee_total):
    merchant.put("bill.csv", w.recharge_refund_bill(fee_total))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.totals_matched) == (1, 7)
    assert merchant.files()["variant"][0] == "RECHARGE_REFUND-28"
    assert merchant.rows("wechat_trade_bill")["fee_returned"].to_list() == ["0.12"]


def test_movements_and_what_they_belong_to(international_warehouse):
    rows = international_warehouse.sql(
        """
        select movement_kind, net_amount, movements.fee_amount, balance_after, captures.amount,
            refunds.refund_amount, movements.order_key is not null
        from marts.fct_balance_movements as movements
        left join marts.fct_captures as captures using (capture_key)
        left join marts.fct_refunds as refunds using (refund_key)
        where movements.source = 'wechat_funds_bill'
        order by movements.occurred_at, movements.row_number
        """
    ).fetchall()
    d = Decimal
    assert rows == [
        ("payment", d("100"), None, d("600"), d("100"), None, True),
        ("fee", d("-0.6"), d("0.6"), d("599.4"), d("100"), None, True),
        ("payment", d("50"), None, d("649.4"), d("50"), None, True),
        ("fee", d("-0.3"), d("0.3"), d("649.1"), d("50"), None, True),
        ("refund", d("-30"), None, d("619.1"), d("100"), d("30"), True),
        ("fee_refund", d("0.18"), d("-0.18"), d("619.28"), d("100"), d("30"), True),
        ("payout", d("-400"), None, d("219.28"), None, None, False),
    ]


def test_the_same_bill_twice_counts_once(international_warehouse):
    """Trap 13: the original and a spreadsheet's copy of it; the original wins."""
    ((copies, resaved),) = international_warehouse.sql(
        """
        select count(*), count(*) filter (is_resaved and copy_rank > 1)
        from intermediate.int_balance_movements__repeated where source = 'wechat_funds_bill'
        """
    ).fetchall()
    assert (copies, resaved) == (14, 7)


def test_a_payment_that_only_the_funds_bill_knows_is_a_derived_capture(international_warehouse):
    rows = international_warehouse.sql(
        """
        select source, amount, fee_amount, is_derived from marts.fct_captures
        where source = 'wechat_funds_bill'
            or capture_key in (
                select capture_key from marts.fct_balance_movements
                where source = 'wechat_funds_bill' and net_amount = 100
            )
        order by amount
        """
    ).fetchall()
    assert rows == [
        ("wechat_funds_bill", Decimal(50), Decimal("0.3"), True),
        ("wechat_trade_bill", Decimal(100), Decimal("0.6"), False),
    ]


def test_a_recharge_refund_is_a_refund_of_its_payment(international_warehouse):
    rows = international_warehouse.sql(
        """
        select refund_amount, fee_returned_amount, is_orphan, refunds_of_capture
        from marts.fct_refunds where order_key in (
            select order_key from marts.fct_balance_movements
            where source = 'wechat_funds_bill' and net_amount = 100
        )
        order by refund_amount
        """
    ).fetchall()
    assert rows == [
        (Decimal(20), Decimal("0.12"), False, 2),
        (Decimal(30), Decimal("0.18"), False, 2),
    ]


def test_numbers_that_a_spreadsheet_rounded_are_refused(merchant):
    """Trap 9: 28 digits become 4.2E+27, which nobody can restore."""
    rows = [w.FUNDS_ROWS[0] | {"微信支付业务单号": "4.2E+27"}, *w.FUNDS_ROWS[1:]]
    assert refused(merchant, w.funds_bill(rows))[0] == "destroyed_ids"
