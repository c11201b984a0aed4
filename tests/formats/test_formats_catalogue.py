"""What formats say about themselves, without any file."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal

import fixtures
import polars as pl
import pytest

import pipelines.formats
from pipelines.formats import alipay_trade_bill, payment_attempts, wechat_trade_bill
from pipelines.formats.catalogue import all_formats, recognise
from pipelines.formats.format import (
    BadFileError,
    Head,
    clean_header,
    parse_decimal,
    split_header,
)
from pipelines.formats.times import calendar_date

# The contract with the dbt sources: exact names and order are read by people and by dbt.
LAKE = {
    "wechat_trade_bill": (
        "trade_time app_id mch_id sub_mch_id device_info transaction_id out_trade_no trade_type "
        "trade_state bank_type currency settlement_amount coupon_amount refund_requested_at "
        "refund_succeeded_at refund_id out_refund_no refund_amount coupon_refund_amount "
        "refund_type refund_status fee fee_returned fee_rate order_amount requested_refund_amount "
        "bill_type user_openid_key product_key order_key capture_key refund_key"
    ),
    "alipay_trade_bill": (
        "trade_no out_trade_no business_type created_at finished_at store_id "
        "terminal_id order_amount received_amount hongbao_amount jifenbao_amount alipay_discount "
        "merchant_discount voucher_amount merchant_hongbao_amount card_amount "
        "refund_batch_no service_fee commission net_amount merchant_id_no trade_mode account "
        "product_key operator_key order_key capture_key refund_key"
    ),
    "payment_attempts": (
        "attempt_id attempt_key merchant_order_id order_key provider wallet method attempted_at "
        "finished_at outcome provider_state error_code error_sub_code amount currency user_key "
        "device_key channel os app_version region language bank retry_of_key latency_ms "
        "is_new_device step_up is_test funding_brand provider_payment_key"
    ),
} | fixtures.LAKE
DROPPED = {
    "wechat_trade_bill": {"openid", "product_name", "attach", "fee_rate_note"},
    "alipay_trade_bill": {
        "product_name",
        "store_name",
        "operator",
        "counterparty",
        "voucher_name",
        "remark",
    },
    "payment_attempts": {
        "error_message",
        "user_id",
        "device_id",
        "retry_of",
        "provider_payment_id",
    },
} | fixtures.DROPPED


@pytest.mark.parametrize("spec", all_formats(), ids=lambda spec: spec.source)
def test_lake_columns_and_personal_declarations(spec):
    assert set(spec.lake_columns) == set(LAKE[spec.source].split())
    dropped = {column.name for column in spec.columns if not column.keep}
    assert dropped == DROPPED[spec.source]
    assert not dropped & set(spec.lake_columns)


def test_a_new_module_in_the_package_is_a_new_format(tmp_path, monkeypatch):
    (tmp_path / "made_up_wallet.py").write_text(
        "from pipelines.formats.format import Column, Format\n"
        "FORMAT = Format('made_up', 'Rows.', (Column('a', ('a',)),), lambda head: None)\n"
    )
    monkeypatch.setattr(pipelines.formats, "__path__", [*pipelines.formats.__path__, str(tmp_path)])
    all_formats.cache_clear()
    try:
        assert "made_up" in [spec.source for spec in all_formats()]
    finally:
        all_formats.cache_clear()
        sys.modules.pop("pipelines.formats.made_up_wallet", None)


def test_header_cells_are_cleaned():
    assert clean_header("\ufeff订单金额（元）\t ") == "订单金额(元)"
    assert clean_header('"`费率"') == "费率"
    assert split_header("a\tb\t\t") == ("\t", ["a", "b"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("45.0", "45.0"), ("`-0.02000", "-0.02"), ("1,234.50", "1234.5"), ("", None), ("x", None)],
)
def test_footer_numbers(text, value):
    assert parse_decimal(text) == (None if value is None else Decimal(value))


def test_dates_as_printed_and_as_a_spreadsheet_prints_them():
    texts = pl.DataFrame({"t": ["2016-07-27 09:15:00", "2016/7/27 9:15", "2016-13-01", None, ""]})
    days = texts.select(calendar_date(pl.col("t"))).to_series().to_list()
    assert days == [date(2016, 7, 27), date(2016, 7, 27), None, None, None]


def test_alipay_period_is_inclusive_and_other_wordings_of_the_footer_are_read():
    head = (
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        "#起始日期：[2025年10月01日 00:00:00]   终止日期：[2025年11月01日 00:00:00]",
        "#-----业务明细列表-----",
        ",".join(
            column.headers[0]
            for column in alipay_trade_bill.FORMAT.columns
            if column.name not in {"net_amount", "merchant_id_no", "trade_mode"}
        ),
    )
    layout = recognise(Head(head, "gb18030"))
    assert layout.period == (date(2025, 10, 1), date(2025, 10, 31))
    footer = [
        "#-----业务明细列表结束-----",
        "#交易合计：6笔，交易金额共0.06元，优惠金额共0.00元",
        "#退款合计：4笔，退款金额共-0.04元，优惠金额共0.00元",
    ]
    totals = alipay_trade_bill.read_footer(layout, footer)
    assert [(total.name, str(total.expected)) for total in totals] == [
        ("payment_count", "6"),
        ("payment_received_amount", "0.06"),
        ("payment_merchant_discount", "0.00"),
        ("refund_count", "4"),
        ("refund_received_amount", "-0.04"),
        ("refund_merchant_discount", "0.00"),
    ]


def test_only_its_own_format_answers():
    columns = [c for c in wechat_trade_bill.FORMAT.columns if c.name != "fee_returned"]
    header = ",".join(column.headers[0] for column in columns)
    assert recognise(Head((header,), "utf-8-sig")).variant == "REFUND-29"
    attempts = ",".join(column.headers[0] for column in payment_attempts.FORMAT.columns)
    assert recognise(Head((attempts,), "utf-8")).format is payment_attempts.FORMAT


@pytest.mark.parametrize(
    "lines",
    [
        ("",),
        ("<html><body>login</body></html>",),
        ('{"code":"NO_STATEMENT_EXIST"}',),
    ],
)
def test_foreign_files_are_named_and_not_quoted(lines):
    with pytest.raises(BadFileError) as caught:
        recognise(Head(lines, "utf-8"))
    assert caught.value.reason == "unrecognised"
    assert "小明" not in caught.value.message


def test_a_doubled_column_is_refused():
    header = ",".join(column.headers[0] for column in wechat_trade_bill.FORMAT.columns)
    with pytest.raises(BadFileError, match="appear twice"):
        recognise(Head((header + ",手续费",), "utf-8"))
