"""Personal statements: every variant, refunds by state and suffix, apart from every rate."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

import pytest
import statement_bytes as s
from ingest_merchant import Merchant

D = Decimal


@pytest.fixture
def merchant(tmp_path) -> Merchant:
    return Merchant(tmp_path / "data", threads=1)


VARIANTS = {
    # Content, source, rows and totals of each.
    "wechat csv": (s.wechat_csv(), "wechat_personal_statement", 6, 7),
    "wechat workbook": (s.wechat_xlsx(), "wechat_personal_statement", 6, 7),
    "alipay app": (s.alipay_app(), "alipay_personal_statement", 4, 7),
    "alipay app without two columns": (
        s.alipay_app(header=s.ALIPAY_12.replace("对方账号,", "").replace("商家订单号,", "")),
        "alipay_personal_statement",
        4,
        7,
    ),
    "alipay 2021": (s.alipay_2021(), "alipay_personal_statement", 4, 0),
    "alipay web": (s.alipay_web(), "alipay_personal_statement", 2, 1),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_and_its_totals(merchant, name):
    """Traps 10, 11, 19, 23: bare quotes, ￥ and ¥, trailing commas, a row that is not stored."""
    content, source, rows, totals = VARIANTS[name]
    merchant.put("statement", content)
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert (summary.rows_loaded, summary.totals_checked, summary.totals_matched) == (
        rows,
        totals,
        totals,
    )
    assert summary.results[0].warnings == ()
    assert merchant.rows(source)["trade_time"].str.contains("^20[0-9-]{8} 1?[0-9]").all()


def test_a_statement_that_was_cut_off(merchant):
    merchant.put("csv", s.wechat_csv(s.WECHAT_ROWS[:5], count=6))
    merchant.put("app", s.alipay_app(s.ALIPAY_ROWS[:3]))
    merchant.put("web", s.alipay_web(has_end=False))
    reasons = {file.file: file.reason for file in merchant.ingest().files_quarantined}
    assert reasons == {
        "csv": "control_total_mismatch",
        "app": "control_total_mismatch",
        "web": "truncated",
    }


def test_a_statement_without_its_first_lines(merchant):
    lines = s.wechat_csv().decode("utf-8-sig").split("\r\n")
    merchant.put("csv", "\r\n".join([lines[0], *lines[16:]]).encode())
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "missing_preamble"


def test_an_encrypted_zip_keeps_its_clear_refusal(merchant):
    """Trap 20: the apps mail AES archives, which only a person can unpack."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("statement.csv", s.wechat_csv())
    content = bytearray(buffer.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    merchant.put("statement.zip", bytes(content))
    (quarantined,) = merchant.ingest().files_quarantined
    assert quarantined.reason == "encrypted_archive"
    assert "unpack it" in quarantined.message


def test_lines_of_a_statement(international_warehouse):
    """The workbook repeats the CSV, and 2021 the app: each line counts once."""
    rows = international_warehouse.sql(
        """
        select wallet, line_kind, direction, status, payment_source, amount, refunded_amount
        from marts.fct_statement_lines order by wallet, occurred_at, amount desc
        """
    ).fetchall()
    assert rows == [
        ("alipay", "payment", "out", "succeeded", None, D(80), D(20)),
        ("alipay", "refund", "neutral", "succeeded", None, D(20), D(0)),
        ("alipay", "payment", "out", "closed", "bank_card", D(60), None),
        ("alipay", "refund", "neutral", "succeeded", "bank_card", D(60), None),
        ("alipay", "payment", "in", "succeeded", "money_fund", D(15), None),
        ("alipay", "payment", "out", "pending", "wallet_credit", D(25), None),
        ("wechat_pay", "payment", "out", "partially_refunded", "bank_card", D(100), D(30)),
        ("wechat_pay", "refund", "in", "succeeded", "balance", D(30), None),
        ("wechat_pay", "transfer", "out", "succeeded", "money_fund", D(50), None),
        ("wechat_pay", "payment", "out", "refunded", "balance", D("28.16"), None),
        ("wechat_pay", "own_account", "neutral", "succeeded", "bank_card", D(500), None),
        ("wechat_pay", "payment", "out", "refunded", "balance", D(20), None),
    ]


def test_a_refund_belongs_to_the_payment_of_its_number(international_warehouse):
    """Alipay: the payment's number, `_` and a suffix; WeChat: the same number."""
    pairs = international_warehouse.sql(
        """
        select payments.amount, refunds.amount
        from marts.fct_statement_lines as refunds
        inner join marts.fct_statement_lines as payments using (trade_key)
        where refunds.line_kind = 'refund' and payments.line_kind = 'payment'
        order by payments.amount
        """
    ).fetchall()
    assert pairs == [(D(60), D(60)), (D(80), D(20)), (D(100), D(30))]


def test_statements_are_in_no_other_fact_and_published_to_nobody(international_warehouse):
    found = international_warehouse.sql(
        """
        select source from marts.fct_captures where source like '%statement'
        union all select source from marts.fct_payment_attempts where source like '%statement'
        union all select source from marts.fct_refunds where source like '%statement'
        """
    ).fetchall()
    assert found == []
