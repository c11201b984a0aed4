"""WeChat Pay trade bill (交易账单): ALL, SUCCESS, REFUND and RECHARGE_REFUND, for merchants and
service providers.

What belongs here: its header spellings since 2014, its totals, its personal columns. What does not:
the frame around them (`wechat_frame`), what a row means (dbt staging).

RECHARGE_REFUND lists refunds paid from topped-up money, which ALL and REFUND leave out: the columns
of REFUND with 返还手续费, in place of 手续费 or (older pages) beside it, and without 费率备注.
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
from pipelines.formats.shapes import CODE, CURRENCY, PERCENTAGE, UPPER_CODE
from pipelines.formats.times import bill_time_checks
from pipelines.formats.wechat_frame import first_filled_line, is_original, read_totals

_FOOTER_MARK = "总交易单数"

_COLUMNS = (
    Column("trade_time", ("交易时间",)),
    Column("app_id", ("公众账号ID",), shape=CODE),
    Column("mch_id", ("商户号",)),
    Column("sub_mch_id", ("特约商户号", "子商户号"), shape=CODE),
    Column("device_info", ("设备号",), shape=CODE),
    Column("transaction_id", ("微信订单号",), kind="id"),
    Column("out_trade_no", ("商户订单号",), kind="id"),
    Column("openid", ("用户标识",), keep=False),
    Column("trade_type", ("交易类型",), shape=UPPER_CODE),
    Column("trade_state", ("交易状态",), shape=UPPER_CODE),
    Column("bank_type", ("付款银行",), shape=UPPER_CODE),
    Column("currency", ("货币种类",), shape=CURRENCY),
    Column("settlement_amount", ("应结订单金额", "总金额"), kind="amount"),
    Column("coupon_amount", ("代金券金额", "企业红包金额", "代金券或立减优惠金额"), kind="amount"),
    Column("refund_requested_at", ("退款申请时间",)),
    Column("refund_succeeded_at", ("退款成功时间",)),
    Column("refund_id", ("微信退款单号",), kind="id"),
    Column("out_refund_no", ("商户退款单号",), kind="id"),
    Column("refund_amount", ("退款金额",), kind="amount"),
    Column(
        "coupon_refund_amount",
        ("充值券退款金额", "企业红包退款金额", "代金券或立减优惠退款金额"),
        kind="amount",
    ),
    Column("refund_type", ("退款类型",), shape=UPPER_CODE),
    Column("refund_status", ("退款状态",), shape=UPPER_CODE),
    Column("product_name", ("商品名称",), keep=False),
    # Free text that the merchant attaches to an order: often ids, sometimes names.
    Column("attach", ("商户数据包",), keep=False),
    Column("fee", ("手续费",), kind="amount"),
    # Only in RECHARGE_REFUND bills.
    Column("fee_returned", ("返还手续费",), kind="amount"),
    Column("fee_rate", ("费率",), shape=PERCENTAGE),
    Column("order_amount", ("订单金额",), kind="amount"),
    Column("requested_refund_amount", ("申请退款金额",), kind="amount"),
    # Free text that nothing downstream reads.
    Column("fee_rate_note", ("费率备注",), keep=False),
)
_BY_NAME = {column.name: column for column in _COLUMNS}
_REFUND_GROUP = [
    _BY_NAME[name]
    for name in (
        "refund_id",
        "out_refund_no",
        "refund_amount",
        "coupon_refund_amount",
        "refund_type",
        "refund_status",
    )
]
# Came in 2017 with the "non-recharged coupon" product; bills of 24 columns have none of them.
_NEW_GROUP = ["order_amount", "fee_rate_note"]
_OPTIONAL = {
    "refund_requested_at",
    "refund_succeeded_at",
    "requested_refund_amount",
    *_NEW_GROUP,
    *(column.name for column in _REFUND_GROUP),
}
_REQUIRED = [column for column in _COLUMNS if column.name not in _OPTIONAL | {"fee_returned"}]

# Footer header -> (name of the total, bill column that adds up to it; None = number of rows).
_TOTALS = {
    "总交易单数": ("row_count", None),
    "应结订单总金额": ("settlement_amount", "settlement_amount"),
    "总交易额": ("settlement_amount", "settlement_amount"),
    "退款总金额": ("refund_amount", "refund_amount"),
    "总退款金额": ("refund_amount", "refund_amount"),
    "充值券退款总金额": ("coupon_refund_amount", "coupon_refund_amount"),
    "总企业红包退款金额": ("coupon_refund_amount", "coupon_refund_amount"),
    "总代金券或立减优惠退款金额": ("coupon_refund_amount", "coupon_refund_amount"),
    "手续费总金额": ("fee", "fee"),
    "返还手续费总金额": ("fee_returned", "fee_returned"),
    "订单总金额": ("order_amount", "order_amount"),
    "申请退款总金额": ("requested_refund_amount", "requested_refund_amount"),
}


def recognise(head: Head) -> Layout | None:
    """The layout of a trade bill; None when the first line is not one of its headers."""
    at = first_filled_line(head)
    if not at:
        return None
    separator, cells = split_header(head.lines[at - 1])
    names, unknown = match_columns(cells, _COLUMNS, at)
    # Half of the oldest header: enough to tell a damaged trade bill from a foreign file. The
    # global statement shares many columns but has three currencies per row.
    if sum(name is not None for name in names) < 12 or "标价币种" in cells:
        return None
    bill_type = _bill_type(names, at)
    original = is_original(head, at, separator, _FOOTER_MARK)
    return Layout(
        format=FORMAT,
        variant=f"{bill_type}-{len(names)}",
        dialect="backtick" if original else "quoted",
        columns=names,
        separator=separator,
        header_line=at,
        footer_marks=(_FOOTER_MARK, f'"{_FOOTER_MARK}'),
        is_resaved=not original or head.encoding == "gb18030",
        date_column="refund_requested_at" if "refund_requested_at" in names else "trade_time",
        constants={"bill_type": bill_type},
        warnings=unknown_columns_warning(unknown),
    )


def _bill_type(names: tuple[str | None, ...], line: int) -> str:
    """Which of the bills the columns are; BadFileError when some of them are missing."""
    what = "a WeChat Pay trade bill"
    is_recharge = "fee_returned" in names
    require_columns(
        names, [c for c in _REQUIRED if not (is_recharge and c.name == "fee")], what, line
    )
    has_refunds = is_recharge or any(column.name in names for column in _REFUND_GROUP)
    if has_refunds:
        require_columns(names, _REFUND_GROUP, what, line)
    if any(name in names for name in (*_NEW_GROUP, "requested_refund_amount")):
        new = [*_NEW_GROUP, *(["requested_refund_amount"] if has_refunds else [])]
        wanted = [name for name in new if not (is_recharge and name == "fee_rate_note")]
        require_columns(names, [_BY_NAME[name] for name in wanted], what, line)
    if is_recharge:
        return "RECHARGE_REFUND"
    if "refund_requested_at" in names:
        return "REFUND"
    return "ALL" if has_refunds else "SUCCESS"


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The totals of the last two lines, by header text (SUCCESS has 4 or 7 of them)."""
    names = {
        cell: (name, (name,))
        for cell, (name, column) in _TOTALS.items()
        if column is None or column in layout.columns
    }
    fee = "fee" if "fee" in layout.columns else "fee_returned"
    if fee == "fee_returned":
        # Which of the two words the totals use is not documented, nor the sign.
        either = (fee, ("fee_returned", "fee_returned_negated"))
        names |= {"手续费总金额": either, "返还手续费总金额": either}
    required = {"row_count", "settlement_amount", fee}
    return read_totals(lines, names, required, "a trade bill")


def _key(*parts: pl.Expr | str) -> pl.Expr:
    exprs = [pl.lit(part) if isinstance(part, str) else part for part in parts]
    return pl.concat_str(exprs, separator=UNIT_SEPARATOR, ignore_nulls=False)


# A payment row prints the character 0 as its refund number.
_REFUND_ID = pl.when(pl.col("refund_id") != "0").then(pl.col("refund_id"))

FORMAT = Format(
    source="wechat_trade_bill",
    description="WeChat Pay trade bills (交易账单): one row per payment or refund line.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("bill_type",),
    keys=(
        # An openid means nothing without its app: the same person has another one there.
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
            pl.col("transaction_id").is_null() | pl.col("out_trade_no").is_null(),
            "微信订单号 and 商户订单号 must be filled",
        ),
        RowCheck(
            "bad_value",
            pl.col("mch_id").str.contains(r"^[0-9]{1,20}$").not_(),
            "商户号 must be a merchant number",
        ),
        *bill_time_checks("trade_time", "交易时间"),
        # The character 0 stands for nothing here, as in the refund numbers.
        *bill_time_checks("refund_requested_at", "退款申请时间", is_required=False, empty_mark="0"),
        *bill_time_checks("refund_succeeded_at", "退款成功时间", is_required=False, empty_mark="0"),
        *(
            bad_amount_check(column.name, column.headers[0])
            for column in _COLUMNS
            if column.kind == "amount"
        ),
    ),
    measures={
        name: pl.len().cast(pl.Int64) if column is None else amount(column).sum()
        for name, column in dict(_TOTALS.values()).items()
    }
    | {"fee_returned_negated": -amount("fee_returned").sum()},
    read_footer=read_footer,
    account_column="mch_id",
    account_setting="wechat_accounts",
    currency="CNY",
)
