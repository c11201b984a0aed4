"""Personal statement of Alipay: the app's since 2023, the app's of 2021-2022, the old web page's.

What belongs here: the three headers, totals above or below the rows, personal columns. What does
not: what a row means (dbt staging).

GB18030. Since 2023: about 24 lines above the header, a trailing comma. 2021-2022: one line there.
Web: every value padded with blanks, totals below. A refund is a line of its own with the state
退款成功 and the number of the payment followed by `_…`; the web page also prints it beside the
payment (成功退款), where counting it again would be wrong.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import (
    UNIT_SEPARATOR,
    BadFileError,
    Column,
    ControlTotal,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    bad_amount_check,
    match_columns,
    require_columns,
    split_header,
    unknown_columns_warning,
)
from pipelines.formats.shapes import STATEMENT_WORDS
from pipelines.formats.statement_totals import (
    filled,
    implied_totals,
    measures,
    period_in,
    stated_in,
    totals_of,
    without_sign,
)
from pipelines.formats.times import bill_time_checks

_MARKS = ("电子客户回单", "支付宝交易记录明细", "支付宝（中国）网络技术", "支付宝支付科技")
# A line of dashes or of totals ends the rows; no row begins so.
_FOOTER_MARKS = ("-----", "共", "已收入", "导出时间")

_COLUMNS = (
    Column("trade_time", ("交易时间", "交易创建时间")),
    # A category says what somebody spends on (医疗健康 …) and answers no question here.
    Column("category", ("交易分类", "类型"), keep=False),
    Column("counterparty", ("交易对方",), keep=False),
    Column("counterparty_account", ("对方账号",), keep=False),
    Column("product_name", ("商品说明", "商品名称"), keep=False),
    Column("direction", ("收/支",)),
    Column("amount", ("金额", "金额(元)"), kind="amount"),
    # `招商银行信用卡(1234)&红包`: the end of a card number; only the kind of source is kept.
    Column("payment_source", ("收/付款方式",), shape=STATEMENT_WORDS),
    Column("status", ("交易状态",), shape=STATEMENT_WORDS),
    Column("refunded_amount", ("成功退款(元)",), kind="amount"),
    Column("trade_no", ("交易订单号", "交易号"), keep=False, kind="id"),
    Column("merchant_order_no", ("商家订单号",), keep=False, kind="id"),
    Column("remark", ("备注",), keep=False),
    Column("paid_at", ("付款时间",), keep=False),
    Column("changed_at", ("最近修改时间",), keep=False),
    Column("origin", ("交易来源地",), keep=False),
    Column("service_fee", ("服务费(元)",), keep=False),
    Column("funds_state", ("资金状态",), keep=False),
)
_REQUIRED = [
    column
    for column in _COLUMNS
    if column.name in {"trade_time", "direction", "amount", "status", "trade_no"}
]
_WHAT = "a personal Alipay statement"


def recognise(head: Head) -> Layout | None:
    """The layout of a statement; None when no header of one is among the first lines."""
    beginning = "\n".join(head.lines)
    if head.encoding == "parquet" or not any(mark in beginning for mark in _MARKS):
        return None
    at = next(
        (
            at
            for at, line in enumerate(head.lines, start=1)
            if "收/支" in line and "交易状态" in line and "交易" in line
        ),
        0,
    )
    if not at:
        raise BadFileError(
            "missing_columns",
            f"this looks like {_WHAT} but has no line with 收/支 and 交易状态; download it again "
            "and do not delete lines",
            1,
        )
    separator, cells = split_header(head.lines[at - 1])
    names, unknown = match_columns(cells, _COLUMNS, at)
    require_columns(names, _REQUIRED, _WHAT, at)
    # The app of 2021 wrote no remarks, and no totals either.
    kind = "web" if "交易创建时间" in cells else "app" if "备注" in cells else "2021"
    preamble = "\n".join(head.lines[: at - 1])
    stated = stated_in(preamble)
    if kind == "app" and "row_count" not in stated:
        raise BadFileError(
            "missing_preamble",
            "the line 共…笔记录 above the header is missing, so it cannot be told whether the "
            "statement is whole; download it again and do not delete lines",
            1,
        )
    return Layout(
        format=FORMAT,
        variant=f"{kind}-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        footer_marks=_FOOTER_MARKS,
        is_resaved=head.encoding == "utf-8-sig",
        period=period_in(preamble),
        date_column="trade_time",
        constants={**stated},
        warnings=unknown_columns_warning(unknown),
    )


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The number of lines that the web page states below them; the app states it above."""
    text = "\n".join(lines)
    stated = {name: value for name, value in stated_in(text).items() if name == "row_count"}
    if layout.variant.startswith("web") and not stated:
        raise BadFileError(
            "truncated",
            "an Alipay statement of the web page ends with 共…笔记录 and this one does not: the "
            "download was cut off; download it again",
        )
    return totals_of(stated)


_SOURCE = (
    pl.when(pl.col("payment_source").str.contains("花呗"))
    .then(pl.lit("花呗"))
    .when(pl.col("payment_source").str.contains("余额宝"))
    .then(pl.lit("余额宝"))
    .when(pl.col("payment_source").str.contains("余额"))
    .then(pl.lit("余额"))
    .when(pl.col("payment_source").str.contains("银行|信用卡|储蓄卡"))
    .then(pl.lit("银行卡"))
    .otherwise(pl.col("payment_source"))
)


def _key(number: pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit("alipay"), number], separator=UNIT_SEPARATOR, ignore_nulls=False)


FORMAT = Format(
    source="alipay_personal_statement",
    description="Personal statements of Alipay: one row per line, a buyer's view.",
    columns=_COLUMNS,
    recognise=recognise,
    keys=(
        Pseudonym("line_key", "statement", _key(pl.col("trade_no"))),
        # A refund's number is the payment's with something behind it.
        Pseudonym("trade_key", "statement", _key(pl.col("trade_no").str.replace(r"[_*].*$", ""))),
        Pseudonym("order_key", "order", pl.col("merchant_order_no")),
    ),
    checks=(
        RowCheck(
            "bad_value",
            pl.col("direction")
            .is_in(["收入", "支出", "不计收支", "其他", "/"])
            .fill_null(value=True)
            .not_(),
            "收/支 must be 收入, 支出, 不计收支 or 其他",
        ),
        *bill_time_checks("trade_time", "交易时间"),
        bad_amount_check("amount", "金额"),
        bad_amount_check("refunded_amount", "成功退款"),
    ),
    normalise={
        "amount": without_sign("amount"),
        "trade_no": filled("trade_no"),
        "merchant_order_no": filled("merchant_order_no"),
        "payment_source": _SOURCE,
    },
    measures=measures("direction"),
    implied_totals=implied_totals,
    read_footer=read_footer,
    currency="CNY",
)
