"""The account bill: direction by column, fees as lines, summary; the sign of 服务费."""

from __future__ import annotations

from decimal import Decimal

import alipay_bytes as a
import export_bytes as x
import pytest
from ingest_merchant import Merchant

SOURCE = "alipay_account_bill"


@pytest.fixture
def merchant(tmp_path) -> Merchant:
    return Merchant(tmp_path / "data", threads=1)


UNSIGNED = [row | {"支出金额（-元）": row["支出金额（-元）"].lstrip("-")} for row in a.ACCOUNT_ROWS]
VARIANTS = {
    "12 columns": a.account_bill(),
    "16 columns in another order, ASCII brackets": a.account_bill(header=a.ACCOUNT_16),
    "an empty first column": a.account_bill(header=a.ACCOUNT_16, has_empty_column=True),
    "expense without a sign": a.account_bill(UNSIGNED, footer=a.account_footer(UNSIGNED, "")),
    "padded by a spreadsheet": a.account_bill().replace(b"]\n", b"]" + b"," * 11 + b"\n"),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_shape_gives_the_same_amounts(merchant, name):
    """Traps 11, 19: brackets, an empty first column, trailing commas; the sign of 支出金额."""
    merchant.put("bill.csv", VARIANTS[name])
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.totals_checked, summary.totals_matched) == (8, 4, 4)
    assert summary.results[0].warnings == ()
    rows = merchant.rows(SOURCE)
    assert [abs(float(v)) for v in rows["expense"]] == [0, 1.2, 0, 0.48, 50, 0, 0, 700]
    codes = [None] * 8 if "16" not in name and "first" not in name else [
        "0010001", "0050002", "0010001", "0050002", "0020011", "0050002", None, None
    ]  # fmt: skip
    assert rows["business_code"].to_list() == codes


@pytest.mark.parametrize("has_total", [True, False])
def test_the_summary_is_held_against_the_list(merchant, has_total):
    """Trap 20: the summary may come first; with a 合计 line or without."""
    content = x.alipay_zip(a.account_bill(), a.account_summary(total=has_total), summary_first=True)
    merchant.put("bill.zip", content)
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert (summary.totals_checked, summary.totals_matched) == (8, 8)


def test_a_summary_that_disagrees_refuses_both(merchant):
    merchant.put("bill.zip", x.alipay_zip(a.account_bill(), a.account_summary(income="295.31")))
    reasons = {file.reason for file in merchant.ingest().files_quarantined}
    assert reasons == {"control_total_mismatch"}


def test_a_row_left_out_breaks_the_running_balance(merchant):
    merchant.put("bill.csv", a.account_bill(a.ACCOUNT_ROWS[:4] + a.ACCOUNT_ROWS[5:]))
    (warning,) = merchant.ingest().results[0].warnings
    assert "running balance breaks off in 1 place" in warning


def test_both_sides_filled_is_rejected(merchant):
    rows = [a.ACCOUNT_ROWS[0] | {"支出金额（-元）": "-3.00"}, *a.ACCOUNT_ROWS[1:]]
    merchant.put("bill.csv", a.account_bill(rows, footer=a.account_footer(a.ACCOUNT_ROWS)))
    (quarantined,) = merchant.ingest().files_quarantined
    assert "line 6: only one of 收入金额 and 支出金额 may be filled" in quarantined.message


def test_a_settlement_bill_is_refused_with_what_to_do(merchant):
    frame = "#支付宝结算明细查询\n#账号：[20887654321098760156]\n#-----结算明细列表-----\n"
    merchant.put("bill.csv", (frame + "结算批次号,结算金额（元）\nB1,1.00\n").encode("gb18030"))
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "unrecognised"
    assert "账务明细" in quarantined.message


def test_movements_and_what_they_belong_to(international_warehouse):
    """Trap 22: returned fees are only here."""
    rows = international_warehouse.sql(
        """
        select movement_kind, net_amount, movements.fee_amount, captures.amount,
            movements.order_key is not null
        from marts.fct_balance_movements as movements
        left join marts.fct_captures as captures using (capture_key)
        where movements.source = 'alipay_account_bill' and movements.file_sha256 = (
            select file_sha256 from marts.fct_balance_movements where net_amount = -700
        )
        order by movements.row_number
        """
    ).fetchall()
    d = Decimal
    assert rows == [
        ("payment", d(200), None, d(200), True),
        ("fee", d("-1.2"), d("1.2"), d(200), True),
        ("payment", d(80), None, d(80), True),
        ("fee", d("-0.48"), d("0.48"), d(80), True),
        ("refund", d(-50), None, d(200), True),
        ("fee_refund", d("0.3"), d("-0.3"), d(200), True),
        ("transfer", d(15), None, None, False),
        ("payout", d(-700), None, None, False),
    ]


def test_payments_and_refunds_are_counted_once(international_warehouse):
    captures = international_warehouse.sql(
        "select source, amount, fee_amount, is_derived from marts.fct_captures"
        " where provider = 'alipay' and amount in (80, 200) order by amount"
    ).fetchall()
    assert captures == [
        ("alipay_account_bill", Decimal(80), Decimal("0.48"), True),
        ("alipay_trade_bill", Decimal(200), Decimal("1.2"), False),
    ]
    refunds = international_warehouse.sql(
        "select source, refund_amount, fee_returned_amount from marts.fct_refunds"
        " where provider = 'alipay' and refund_amount = 50"
    ).fetchall()
    assert refunds == [("alipay_trade_bill", Decimal(50), Decimal("0.3"))]


# The fee as the two lines print it, and its sum and the net amount in the summary.
SIGNS = {
    "a charge is negative": ("-1.20", "0.30", "-0.90", "149.10"),
    "a charge is positive": ("1.20", "-0.30", "0.90", "149.10"),
    "the refund was charged too": ("1.20", "0.30", "1.50", "148.50"),
}


@pytest.mark.parametrize("name", SIGNS)
def test_the_summary_proves_the_sign_of_the_fee(merchant, name):
    """实收净额 = 商家实收 less what was charged: stated as a control total, so it must hold."""
    payment, refund, fee, net = SIGNS[name]
    detail = x.alipay_detail(a.trade_rows(payment, refund))
    merchant.put("bill.zip", x.alipay_zip(detail, a.trade_summary(fee, net)))
    assert merchant.ingest().files_quarantined == ()
    totals = merchant.totals().filter(total_name="summary_fee_charged")
    assert totals["expected"].to_list() == [abs(Decimal(fee))]


def test_the_account_bill_alone_settles_the_sign_of_a_returned_fee(international_warehouse):
    """Trap 22: the bill prints 0.36 and 0.42 without anything that tells what their sign means."""
    evidence = international_warehouse.sql(
        """
        select count(*) from intermediate.int_alipay__fee_signs as signs
        join marts.fct_refunds as refunds using (file_sha256)
        where refunds.refund_amount in (60, 70) and signs.charge_sign is not null
        """
    ).fetchall()
    assert evidence == [(0,)]
    refunds = international_warehouse.sql(
        "select refund_amount, fee_returned_amount from marts.fct_refunds"
        " where provider = 'alipay' and refund_amount in (60, 70) order by refund_amount"
    ).fetchall()
    # Nothing proves that 0.42 came back, so it is not said.
    assert refunds == [(Decimal(60), Decimal("0.36")), (Decimal(70), None)]


def test_a_net_amount_that_neither_sign_explains_proves_nothing(merchant):
    detail = x.alipay_detail(a.trade_rows("-1.20", "0.30"))
    merchant.put("bill.zip", x.alipay_zip(detail, a.trade_summary("-0.90", "148.00")))
    assert merchant.ingest().files_quarantined == ()
    assert merchant.totals().filter(total_name="summary_fee_charged").height == 0


def test_an_empty_day(merchant):
    """Trap 18: no rows and totals of nothing; the frame still says whose day it was."""
    merchant.put("bill.csv", a.account_bill([]))
    summary = merchant.ingest()
    assert (summary.rows_in_files, summary.totals_checked, summary.totals_matched) == (0, 4, 4)
    # Trap 16: the bill prints the first moment after its period.
    assert str(merchant.files()["period_end"][0]) == "2025-11-01"
