"""Alipay account bill (账务明细, signcustomer): every change of the merchant's account.

What belongs here: its 12 columns and the newer ones in any order, its totals, its personal columns;
its summary (账务明细(汇总)) by type. What does not: the frame of `#` lines (`alipay_frame`), what a
row means (dbt staging).

Income and expense have a column each; 支出金额 is negative in today's exports and was not in 2012,
so the column is the direction and the sign is dropped. Fees and returned fees are rows of their
own. Some exports begin with an empty column. 业务描述 tells more than 业务类型 where it is there.
"""

from __future__ import annotations

import re
from decimal import Decimal

import polars as pl

from pipelines.formats.alipay_frame import (
    account_of,
    framed_header,
    is_saved_again,
    period_of,
    refuse_strangers,
    require_end,
)
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
    RunningBalance,
    amount,
    bad_amount_check,
    match_columns,
    require_columns,
    stated_total,
    unknown_columns_warning,
)
from pipelines.formats.shapes import ALIPAY_ACCOUNT_BUSINESS, ALIPAY_CHANNEL
from pipelines.formats.times import bill_time_checks

_COLUMNS = (
    Column("flow_no", ("账务流水号",), kind="id"),
    # Of a payment, its fee and its refund the 支付宝交易号.
    Column("business_no", ("业务流水号",), kind="id"),
    Column("out_trade_no", ("商户订单号",), kind="id"),
    Column("product_name", ("商品名称",), keep=False),
    Column("booked_at", ("发生时间",)),
    # Name and account of the other side.
    Column("counterparty", ("对方账号", "对方账户"), keep=False),
    Column("income", ("收入金额(+元)", "收入金额(元)"), kind="amount"),
    Column("expense", ("支出金额(-元)", "支出金额(元)"), kind="amount"),
    Column("balance", ("账户余额(元)",), kind="amount"),
    Column("channel", ("交易渠道",), shape=ALIPAY_CHANNEL),
    Column("business_type", ("业务类型",), shape=ALIPAY_ACCOUNT_BUSINESS),
    Column("remark", ("备注",), keep=False),
    # `0010001|交易收款-交易收款`: the number is kept, the words after it may name a service.
    Column("business_code", ("业务描述",), shape=ALIPAY_ACCOUNT_BUSINESS),
    Column("base_order_no", ("业务基础订单号",), kind="id"),
    Column("business_order_no", ("业务订单号",), kind="id"),
    Column("bill_source", ("业务账单来源",), shape=ALIPAY_CHANNEL),
)
_NEWER = {"business_code", "base_order_no", "business_order_no", "bill_source"}
_OPTIONAL = {"channel", "counterparty", "product_name", "remark", *_NEWER}
_REQUIRED = [column for column in _COLUMNS if column.name not in _OPTIONAL]

_SUMMARY_COLUMNS = (
    Column("summary_type", ("类型",)),
    Column("summary_income_count", ("收入笔数",)),
    Column("summary_income", ("收入金额(+元)", "收入金额(元)")),
    Column("summary_expense_count", ("支出笔数",)),
    Column("summary_expense", ("支出金额(-元)", "支出金额(元)")),
    Column("summary_net", ("总金额(元)",)),
)
_GRAND_TOTAL = "合计"


def recognise(head: Head) -> Layout | None:
    """The layout of an account bill or of its summary; None for anything else."""
    found = framed_header(head)
    if found is None:
        return None
    header_at, separator, cells = found
    preamble = head.lines[: header_at - 1]
    is_summary = cells[:1] == ["类型"] and "收入笔数" in cells
    if not is_summary and "账务流水号" not in cells:
        return None
    columns = _SUMMARY_COLUMNS if is_summary else _COLUMNS
    names, _ = match_columns(cells, columns, header_at)
    required = list(_SUMMARY_COLUMNS) if is_summary else _REQUIRED
    require_columns(names, required, "an Alipay account bill (账务明细)", header_at)
    # The column that some exports begin with has no name and no values.
    unknown = [str(at) for at, name in enumerate(names, 1) if name is None and cells[at - 1]]
    account = account_of(preamble)
    return Layout(
        format=FORMAT,
        variant=f"{'summary' if is_summary else 'detail'}-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=header_at,
        footer_marks=("#", '"#'),
        is_resaved=is_saved_again(head, header_at, separator),
        has_rows=not is_summary,
        account=account,
        period=period_of(preamble),
        date_column=None if is_summary else "booked_at",
        constants={"account": account},
        warnings=unknown_columns_warning(unknown),
    )


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """#支出合计 and #收入合计 of a detail list; the sum over the types of a summary."""
    if not layout.has_rows:
        return _summary_totals(layout, lines)
    refuse_strangers(lines)
    text = "\n".join(lines)
    totals = [*_stated(text, "收入合计", "income"), *_stated(text, "支出合计", "expense")]
    require_end(lines, totals, 4, ("支出合计", "收入合计"))
    return totals


def _stated(text: str, mark: str, name: str) -> list[ControlTotal]:
    """Number and amount of one side; the amount with the sign that the column has, or without."""
    found = re.search(rf"#{mark}[：:]\s*(\d+)笔[，,]\s*共\s*([+-]?\d[\d.]*)元", text)
    if found is None:
        return []
    return [
        # Which side a row of 0.00 is counted on is not documented.
        stated_total(f"{name}_count", found.group(1), (f"{name}_count", f"{name}_or_zero_count")),
        stated_total(name, found.group(2).lstrip("+-"), (name,)),
    ]


def _summary_totals(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    rows = [line.split(layout.separator) for line in lines if not line.startswith("#")]
    grand = [row for row in rows if row[0].strip('\t\r "') == _GRAND_TOTAL]
    counted = grand or rows
    if not counted or any(len(row) < len(layout.columns) for row in counted):
        raise BadFileError(
            "truncated", "an Alipay summary has one line per type; download the file again"
        )
    totals = []
    for at, name in enumerate(layout.columns):
        if name is None or name in {"summary_type", "summary_net"}:
            continue
        cells = [row[at].strip('\t\r "').lstrip("+-") for row in counted]
        expected = sum((stated_total(name, cell, ()).expected for cell in cells), Decimal(0))
        either = (name, f"{name.removesuffix('_count')}_or_zero_count")
        totals.append(ControlTotal(name, expected, either if "count" in name else (name,)))
    return totals


_INCOME = amount("income").abs().fill_null(0)
_EXPENSE = amount("expense").abs().fill_null(0)


def _measures() -> dict[str, pl.Expr]:
    measures = {}
    for name, own, other in (("income", _INCOME, _EXPENSE), ("expense", _EXPENSE, _INCOME)):
        sums = {
            name: own.sum(),
            f"{name}_count": (own != 0).sum().cast(pl.Int64),
            f"{name}_or_zero_count": (other == 0).sum().cast(pl.Int64),
        }
        measures |= sums | {f"summary_{key}": value for key, value in sums.items()}
    return measures


def _key(column: str) -> pl.Expr:
    return pl.concat_str([pl.lit("alipay"), pl.col(column)], separator=UNIT_SEPARATOR)


# A number, or (older texts) the first words of it.
_CODE = pl.coalesce(
    pl.col("business_code").str.extract(r"^\s*([0-9]{7})\b"),
    pl.col("business_code").str.extract(r"^([^|\-]+)"),
)

FORMAT = Format(
    source="alipay_account_bill",
    description="Alipay account bills (账务明细): one row per change of the account.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("account",),
    keys=(
        Pseudonym("movement_key", "movement", _key("flow_no")),
        Pseudonym("product_key", "product", pl.col("product_name")),
        Pseudonym("order_key", "order", pl.col("out_trade_no")),
        Pseudonym("capture_key", "capture", _key("business_no")),
        # 业务基础订单号 of a fee is the trade it was charged for.
        Pseudonym("base_capture_key", "capture", _key("base_order_no")),
    ),
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(pl.col("flow_no", "business_type").is_null()),
            "账务流水号 and 业务类型 must be filled",
        ),
        *bill_time_checks("booked_at", "发生时间"),
        *(
            bad_amount_check(column.name, column.headers[0])
            for column in _COLUMNS
            if column.kind == "amount"
        ),
        RowCheck(
            "bad_amount",
            (_INCOME != 0) & (_EXPENSE != 0),
            "only one of 收入金额 and 支出金额 may be filled",
        ),
    ),
    measures=_measures(),
    running_balance=RunningBalance(change=_INCOME - _EXPENSE, balance=amount("balance")),
    read_footer=read_footer,
    normalise={"business_code": _CODE},
    account_setting="alipay_accounts",
    currency="CNY",
)
