"""Personal statement of the WeChat app (微信支付账单明细), as CSV and as workbook.

What belongs here: its columns, its totals above the header, its personal columns. What does not:
what a row means (dbt staging).

CSV: UTF-8, 16 lines above the header, `¥28.16`, ids followed by a TAB, `/` for nothing, bare quotes
in the middle of names. Workbook: the header in row 18, row 16 not stored at all, amounts as
numbers, times as text or as dates. The state tells refunds: 已全额退款, 已退款¥10.00,
已退款(￥5.00), 对方已退还.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import (
    UNIT_SEPARATOR,
    BadFileError,
    Column,
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
    without_sign,
)
from pipelines.formats.times import bill_time_checks

_COLUMNS = (
    Column("trade_time", ("交易时间",)),
    # `商户消费`, `转账`, or the name of a shop followed by `-退款`.
    Column("trade_type", ("交易类型",), shape=STATEMENT_WORDS),
    Column("counterparty", ("交易对方",), keep=False),
    Column("product_name", ("商品",), keep=False),
    Column("direction", ("收/支",)),
    Column("amount", ("金额(元)",), kind="amount"),
    # `招商银行(1234)`: the end of a card number; only the kind of source is kept.
    Column("payment_source", ("支付方式",), shape=STATEMENT_WORDS),
    Column("status", ("当前状态",), shape=STATEMENT_WORDS),
    # No header: taken out of the state.
    Column("refunded_amount", (), kind="amount"),
    Column("trade_no", ("交易单号",), keep=False, kind="id"),
    Column("merchant_order_no", ("商户单号",), keep=False, kind="id"),
    Column("remark", ("备注",), keep=False),
)
_OPTIONAL = {"counterparty", "product_name", "remark", "refunded_amount"}
_REQUIRED = [column for column in _COLUMNS if column.name not in _OPTIONAL]
_WHAT = "a personal WeChat statement"


def recognise(head: Head) -> Layout | None:
    """The layout of a statement; None when no header of one is among the first lines."""
    beginning = "\n".join(head.lines)
    if head.encoding == "parquet" or "微信支付账单明细" not in beginning:
        return None
    at = next(
        (
            at
            for at, line in enumerate(head.lines, start=1)
            if "交易时间" in line and "交易单号" in line and "当前状态" in line
        ),
        0,
    )
    if not at:
        raise BadFileError(
            "missing_columns",
            f"this looks like {_WHAT} but has no line 交易时间,交易类型,…; download it again and "
            "do not delete lines",
            1,
        )
    separator, cells = split_header(head.lines[at - 1])
    names, unknown = match_columns(cells, _COLUMNS, at)
    require_columns(names, _REQUIRED, _WHAT, at)
    preamble = "\n".join(head.lines[: at - 1])
    stated = stated_in(preamble)
    if "row_count" not in stated:
        raise BadFileError(
            "missing_preamble",
            "the line 共…笔记录 above the header is missing, so it cannot be told whether the "
            "statement is whole; download it again and do not delete lines",
            1,
        )
    return Layout(
        format=FORMAT,
        variant=f"{'workbook' if head.is_workbook else 'csv'}-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        is_resaved=head.encoding == "gb18030",
        period=period_in(preamble),
        date_column="trade_time",
        constants={**stated},
        warnings=unknown_columns_warning(unknown),
    )


_SOURCE = (
    pl.when(pl.col("payment_source") == "/")
    .then(None)
    .when(pl.col("payment_source").str.contains("零钱通"))
    .then(pl.lit("零钱通"))
    .when(pl.col("payment_source").str.contains("零钱"))
    .then(pl.lit("零钱"))
    .when(pl.col("payment_source").str.contains("银行|信用卡|储蓄卡"))
    .then(pl.lit("银行卡"))
    .otherwise(pl.col("payment_source"))
)


def _key(*parts: pl.Expr | str) -> pl.Expr:
    exprs = [pl.lit(part) if isinstance(part, str) else part for part in parts]
    return pl.concat_str(exprs, separator=UNIT_SEPARATOR, ignore_nulls=False)


FORMAT = Format(
    source="wechat_personal_statement",
    description="Personal statements of the WeChat app: one row per line, a buyer's view.",
    columns=_COLUMNS,
    recognise=recognise,
    keys=(
        Pseudonym("line_key", "statement", _key("wechat_pay", pl.col("trade_no"))),
        Pseudonym("trade_key", "statement", _key("wechat_pay", pl.col("trade_no"))),
        Pseudonym("order_key", "order", pl.col("merchant_order_no")),
    ),
    checks=(
        RowCheck(
            "bad_value",
            pl.col("direction")
            .is_in(["收入", "支出", "/", "中性交易"])
            .fill_null(value=True)
            .not_(),
            "收/支 must be 收入, 支出 or /",
        ),
        *bill_time_checks("trade_time", "交易时间"),
        bad_amount_check("amount", "金额(元)"),
    ),
    normalise={
        "amount": without_sign("amount"),
        "trade_no": filled("trade_no"),
        "merchant_order_no": filled("merchant_order_no"),
        "trade_type": pl.col("trade_type").str.replace(r"^.*[-－]退款$", "退款"),
        "payment_source": _SOURCE,
        "refunded_amount": pl.col("status").str.extract(r"退款\s*[（(]?\s*[¥￥]\s*([0-9][0-9.]*)"),
        "status": pl.col("status").str.replace(r"[\s（(]*[¥￥].*$", ""),
    },
    measures=measures("direction"),
    implied_totals=implied_totals,
    currency="CNY",
)
