"""WeChat Pay funds bill (资金账单): every change of one account of the merchant.

What belongs here: its header in both bracket styles, its totals, its running balance, its personal
columns. What does not: the frame (`wechat_frame`), what a row means (dbt staging).

Amounts are never negative: 收支类型 says the direction. Fees and fees given back are rows of their
own. Which account it is (BASIC, OPERATION, FEES) was said when the bill was asked for and is not in
the file. Layout: pay.weixin.qq.com, 资金账单文件格式说明.
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
    RunningBalance,
    amount,
    bad_amount_check,
    match_columns,
    require_columns,
    split_header,
    unknown_columns_warning,
)
from pipelines.formats.shapes import WECHAT_FUNDS_BUSINESS
from pipelines.formats.times import bill_time_checks
from pipelines.formats.wechat_frame import first_filled_line, is_original, read_totals

_FOOTER_MARK = "资金流水总笔数"
_IN, _OUT = "收入", "支出"

_COLUMNS = (
    Column("booked_at", ("记账时间",)),
    # Of a payment or its fee the 微信订单号, of a refund the 微信退款单号.
    Column("business_no", ("微信支付业务单号",), kind="id"),
    Column("flow_no", ("资金流水单号",), kind="id"),
    Column("business_name", ("业务名称",), shape=WECHAT_FUNDS_BUSINESS),
    Column("business_type", ("业务类型",), shape=WECHAT_FUNDS_BUSINESS),
    Column("direction", ("收支类型",)),
    Column("amount", ("收支金额(元)",), kind="amount"),
    Column("balance", ("账户结余(元)",), kind="amount"),
    # Who asked for it: `system`, an API account or the login name of a person.
    Column("applicant", ("资金变更提交申请人",), keep=False),
    # Free text: reasons of refunds, names of payees.
    Column("remark", ("备注",), keep=False),
    # Of a payment the merchant's order number, of a refund the merchant's refund number.
    Column("voucher_no", ("业务凭证号",), kind="id"),
)
_OPTIONAL = {"business_name", "applicant", "remark"}
_REQUIRED = [column for column in _COLUMNS if column.name not in _OPTIONAL]

_TOTALS = {
    _FOOTER_MARK: ("row_count", ("row_count",)),
    "收入笔数": ("income_count", ("income_count",)),
    "收入金额": ("income_amount", ("income_amount",)),
    "支出笔数": ("expense_count", ("expense_count",)),
    "支出金额": ("expense_amount", ("expense_amount",)),
}


def recognise(head: Head) -> Layout | None:
    """The layout of a funds bill; None when the first line is not its header."""
    at = first_filled_line(head)
    if not at:
        return None
    separator, cells = split_header(head.lines[at - 1])
    names, unknown = match_columns(cells, _COLUMNS, at)
    if "记账时间" not in cells and "资金流水单号" not in cells:
        return None
    require_columns(names, _REQUIRED, "a WeChat Pay funds bill (资金账单)", at)
    original = is_original(head, at, separator, _FOOTER_MARK)
    return Layout(
        format=FORMAT,
        variant=f"funds-{len(names)}",
        dialect="backtick" if original else "quoted",
        columns=names,
        separator=separator,
        header_line=at,
        footer_marks=(_FOOTER_MARK, f'"{_FOOTER_MARK}'),
        is_resaved=not original or head.encoding == "gb18030",
        date_column="booked_at",
        warnings=unknown_columns_warning(unknown),
    )


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """Rows, income and expense, each with its number; none of them may be missing."""
    required = {name for name, _ in _TOTALS.values()}
    return read_totals(lines, _TOTALS, required, "a funds bill")


_IS_IN = pl.col("direction") == _IN
_IS_OUT = pl.col("direction") == _OUT


def _key(*parts: pl.Expr | str) -> pl.Expr:
    exprs = [pl.lit(part) if isinstance(part, str) else part for part in parts]
    return pl.concat_str(exprs, separator=UNIT_SEPARATOR, ignore_nulls=False)


FORMAT = Format(
    source="wechat_funds_bill",
    description="WeChat Pay funds bills (资金账单): one row per change of an account.",
    columns=_COLUMNS,
    recognise=recognise,
    keys=(
        Pseudonym("flow_key", "movement", _key("wechat_pay", pl.col("flow_no"))),
        Pseudonym("order_key", "order", pl.col("voucher_no")),
        Pseudonym(
            "capture_key",
            "capture",
            _key("wechat_pay", pl.col("business_no"), pl.col("voucher_no")),
        ),
        Pseudonym("refund_key", "refund", _key("wechat_pay", pl.col("business_no"))),
    ),
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(pl.col("flow_no", "business_type", "amount").is_null()),
            "资金流水单号, 业务类型 and 收支金额 must be filled",
        ),
        RowCheck(
            "bad_value",
            (_IS_IN | _IS_OUT).fill_null(value=False).not_(),
            f"收支类型 must be {_IN} or {_OUT}: without it the sign of the amount is unknown",
        ),
        *bill_time_checks("booked_at", "记账时间"),
        bad_amount_check("amount", "收支金额"),
        bad_amount_check("balance", "账户结余"),
        RowCheck(
            "bad_amount",
            amount("amount") < 0,
            "收支金额 must not be negative: 收支类型 says the direction",
        ),
    ),
    measures={
        "row_count": pl.len().cast(pl.Int64),
        "income_count": _IS_IN.sum().cast(pl.Int64),
        "income_amount": amount("amount").filter(_IS_IN).sum(),
        "expense_count": _IS_OUT.sum().cast(pl.Int64),
        "expense_amount": amount("amount").filter(_IS_OUT).sum(),
    },
    running_balance=RunningBalance(
        change=pl.when(_IS_OUT).then(-amount("amount")).otherwise(amount("amount")),
        balance=amount("balance"),
    ),
    read_footer=read_footer,
    currency="CNY",
)
