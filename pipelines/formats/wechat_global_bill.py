"""WeChat Pay bill of merchants overseas (`/v3/global/statements`): three currencies a row.

What belongs here: its columns, its totals, its personal columns. What does not: the frame
(`wechat_frame`), what a row means (dbt staging).

A row of its 38 columns has the currency of the price (标价币种), of what the buyer paid
(用户支付币种) and of what the merchant gets (结算币种); refunds have three of their own. Layout:
pay.weixin.qq.com, API for overseas merchants, chapter 3.3.6.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import (
    UNIT_SEPARATOR,
    Column,
    ControlTotal,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    amount,
    bad_amount_check,
    match_columns,
    require_columns,
    split_header,
    unknown_columns_warning,
)
from pipelines.formats.shapes import CODE, CURRENCY, DECIMAL, PERCENTAGE, UPPER_CODE
from pipelines.formats.times import bill_time_checks
from pipelines.formats.wechat_frame import first_filled_line, is_original, read_totals

_FOOTER_MARK = "总交易单数"

_COLUMNS = (
    Column("trade_time", ("交易时间",)),
    Column("app_id", ("公众账号ID",), shape=CODE),
    Column("mch_id", ("商户号",)),
    Column("sub_mch_id", ("子商户号", "特约商户号"), shape=CODE),
    Column("device_info", ("设备号",), shape=CODE),
    Column("transaction_id", ("微信订单号",), kind="id"),
    Column("out_trade_no", ("商户订单号",), kind="id"),
    Column("openid", ("用户标识",), keep=False),
    Column("trade_type", ("交易类型",), shape=UPPER_CODE),
    Column("trade_state", ("交易状态",), shape=UPPER_CODE),
    Column("bank_type", ("付款银行",), shape=UPPER_CODE),
    Column("recharge_coupon_currency", ("充值券币种",), shape=CURRENCY),
    Column("recharge_coupon_amount", ("充值券金额",), kind="amount"),
    Column("coupon_currency", ("优惠券币种",), shape=CURRENCY),
    Column("coupon_amount", ("优惠券金额",), kind="amount"),
    Column("refund_id", ("微信退款单号",), kind="id"),
    Column("out_refund_no", ("商户退款单号",), kind="id"),
    Column("refund_type", ("退款类型",), shape=UPPER_CODE),
    Column("refund_status", ("退款状态",), shape=UPPER_CODE),
    Column("product_name", ("商品名称",), keep=False),
    Column("attach", ("商户数据包",), keep=False),
    Column("fee", ("手续费",), kind="amount"),
    Column("fee_rate", ("费率",), shape=PERCENTAGE),
    Column("currency", ("标价币种",), shape=CURRENCY),
    Column("order_amount", ("订单金额(标价币种)", "订单金额"), kind="amount"),
    Column("payer_currency", ("用户支付币种",), shape=CURRENCY),
    Column("payer_amount", ("用户支付金额",), kind="amount"),
    Column("settlement_currency", ("结算币种",), shape=CURRENCY),
    Column("settlement_amount", ("应结订单金额",), kind="amount"),
    # From the price to what the buyer pays, in a power of ten that the bill does not say.
    Column("payment_rate", ("支付汇率",), shape=DECIMAL),
    Column("refund_rate", ("退款汇率",), shape=DECIMAL),
    Column("requested_refund_amount", ("申请退款金额",), kind="amount"),
    Column("payer_refund_currency", ("用户退款币种",), shape=CURRENCY),
    Column("payer_refund_amount", ("用户退款金额",), kind="amount"),
    Column("refund_settlement_currency", ("退款结算币种",), shape=CURRENCY),
    Column("refund_settlement_amount", ("退款应结订单金额",), kind="amount"),
    Column("recharge_coupon_refund_amount", ("充值券退款金额",), kind="amount"),
    Column("coupon_refund_amount", ("优惠券退款金额",), kind="amount"),
)
_OPTIONAL = {
    "app_id", "sub_mch_id", "device_info", "openid", "attach", "product_name", "payment_rate",
    "refund_rate", "recharge_coupon_currency", "recharge_coupon_amount", "coupon_currency",
    "coupon_amount", "recharge_coupon_refund_amount", "coupon_refund_amount",
}  # fmt: skip
_REQUIRED = [column for column in _COLUMNS if column.name not in _OPTIONAL]

# Only what is named like a column is held against it; the page does not list the totals.
_TOTALS = {
    _FOOTER_MARK: ("row_count", ("row_count",)),
    "应结订单总金额": ("settlement_amount", ("settlement_amount",)),
    "手续费总金额": ("fee", ("fee",)),
    "订单总金额": ("order_amount", ("order_amount",)),
    "申请退款总金额": ("requested_refund_amount", ("requested_refund_amount",)),
}


def recognise(head: Head) -> Layout | None:
    """The layout of an overseas bill; None when the first line is not its header."""
    at = first_filled_line(head)
    if not at:
        return None
    separator, cells = split_header(head.lines[at - 1])
    if "标价币种" not in cells:
        return None
    names, unknown = match_columns(cells, _COLUMNS, at)
    require_columns(names, _REQUIRED, "a WeChat Pay bill of an overseas merchant", at)
    original = is_original(head, at, separator, _FOOTER_MARK)
    return Layout(
        format=FORMAT,
        variant=f"global-{len(names)}",
        dialect="backtick" if original else "quoted",
        columns=names,
        separator=separator,
        header_line=at,
        footer_marks=(_FOOTER_MARK, f'"{_FOOTER_MARK}'),
        is_resaved=not original or head.encoding == "gb18030",
        date_column="trade_time",
        warnings=unknown_columns_warning(unknown),
    )


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The totals of the last two lines; sums go over all currencies, as the bill adds them up."""
    return read_totals(lines, _TOTALS, {"row_count"}, "an overseas bill")


def _key(*parts: pl.Expr | str) -> pl.Expr:
    exprs = [pl.lit(part) if isinstance(part, str) else part for part in parts]
    return pl.concat_str(exprs, separator=UNIT_SEPARATOR, ignore_nulls=False)


_REFUND_ID = pl.when(pl.col("refund_id") != "0").then(pl.col("refund_id"))

FORMAT = Format(
    source="wechat_global_bill",
    description="WeChat Pay bills of overseas merchants: one row per payment or refund line.",
    columns=_COLUMNS,
    recognise=recognise,
    keys=(
        Pseudonym("user_openid_key", "wechat_openid", _key(pl.col("app_id"), pl.col("openid"))),
        Pseudonym("product_key", "product", pl.col("product_name")),
        Pseudonym("order_key", "order", pl.col("out_trade_no")),
        Pseudonym(
            "capture_key",
            "capture",
            _key("wechat_pay", pl.col("transaction_id"), pl.col("out_trade_no")),
        ),
        Pseudonym("refund_key", "refund", _key("wechat_pay", _REFUND_ID)),
    ),
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(pl.col("transaction_id", "out_trade_no", "currency").is_null()),
            "微信订单号, 商户订单号 and 标价币种 must be filled",
        ),
        RowCheck(
            "bad_value",
            pl.col("mch_id").str.contains(r"^[0-9]{1,20}$").not_(),
            "商户号 must be a merchant number",
        ),
        *bill_time_checks("trade_time", "交易时间"),
        *(
            bad_amount_check(column.name, column.headers[0])
            for column in _COLUMNS
            if column.kind == "amount"
        ),
    ),
    measures={
        name: pl.len().cast(pl.Int64) if name == "row_count" else amount(name).sum()
        for name, _ in _TOTALS.values()
    },
    read_footer=read_footer,
    account_column="mch_id",
    account_setting="wechat_accounts",
)
