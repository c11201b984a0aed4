"""Alipay trade bill (业务明细): the detail list and the summary (汇总) that comes in the same zip.

What belongs here: the headers since 2016, its totals, its personal columns. What does not: the
frame of `#` lines (`alipay_frame`), what a row means (dbt staging).

Refund rows repeat the trade number of the payment with negative amounts.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.formats.alipay_frame import (
    account_of,
    framed_header,
    is_saved_again,
    period_of,
    refuse_strangers,
    require_end,
)
from pipelines.formats.alipay_trade_summary import SUMMARY_COLUMNS, read_grand_total
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
    stated_total,
    unknown_columns_warning,
)
from pipelines.formats.shapes import ALIPAY_BUSINESS, ALIPAY_MODE, CODE
from pipelines.formats.times import bill_time_checks

_REFUND = "退款"
_COLUMNS = (
    Column("trade_no", ("支付宝交易号",), kind="id"),
    Column("out_trade_no", ("商户订单号",), kind="id"),
    Column("business_type", ("业务类型",), shape=ALIPAY_BUSINESS),
    # Free text; real bills hold hospital departments and appointment times here.
    Column("product_name", ("商品名称",), keep=False),
    Column("created_at", ("创建时间",)),
    Column("finished_at", ("完成时间",)),
    Column("store_id", ("门店编号",), shape=CODE),
    # Free text that nothing downstream reads, as 券名称; the store has its number.
    Column("store_name", ("门店名称",), keep=False),
    Column("operator", ("操作员",), keep=False),
    Column("terminal_id", ("终端号",), shape=CODE),
    # Masked name with phone or mail: no stable user id, still personal.
    Column("counterparty", ("对方账户",), keep=False),
    Column("order_amount", ("订单金额(元)",), kind="amount"),
    Column("received_amount", ("商家实收(元)",), kind="amount"),
    Column("hongbao_amount", ("支付宝红包(元)",), kind="amount"),
    Column("jifenbao_amount", ("集分宝(元)",), kind="amount"),
    Column("alipay_discount", ("支付宝优惠(元)",), kind="amount"),
    Column("merchant_discount", ("商家优惠(元)",), kind="amount"),
    Column("voucher_amount", ("券核销金额(元)",), kind="amount"),
    Column("voucher_name", ("券名称",), keep=False),
    Column("merchant_hongbao_amount", ("商家红包消费金额(元)",), kind="amount"),
    Column("card_amount", ("卡消费金额(元)",), kind="amount"),
    Column("refund_batch_no", ("退款批次号/请求号", "退款批次号"), kind="id"),
    Column("service_fee", ("服务费(元)",), kind="amount"),
    Column("commission", ("分润(元)",), kind="amount"),
    Column("net_amount", ("实收净额(元)",), kind="amount"),
    Column("merchant_id_no", ("商户识别号",), shape=CODE),
    Column("trade_mode", ("交易方式",), shape=ALIPAY_MODE),
    Column("remark", ("备注",), keep=False),
)
# 分润 came in 2017, when the last three of these went.
_OPTIONAL = {"commission", "net_amount", "merchant_id_no", "trade_mode"}
_REQUIRED = [column for column in _COLUMNS if column.name not in _OPTIONAL]


def recognise(head: Head) -> Layout | None:
    """The layout of a detail list or of a summary; None for anything else."""
    found = framed_header(head)
    if found is None:
        return None
    header_at, separator, cells = found
    preamble = head.lines[: header_at - 1]
    is_summary = "交易订单总笔数" in cells
    columns = SUMMARY_COLUMNS if is_summary else _COLUMNS
    names, unknown = match_columns(cells, columns, header_at)
    is_known_frame = any("支付宝业务" in line for line in preamble)
    if sum(name is not None for name in names) < (6 if is_known_frame else 10):
        return None
    required = list(SUMMARY_COLUMNS[:9]) if is_summary else _REQUIRED
    require_columns(names, required, "an Alipay trade bill (业务明细)", header_at)
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
        date_column=None if is_summary else "finished_at",
        constants={"account": account},
        warnings=unknown_columns_warning(unknown),
    )


# Words in front of an amount in the footer -> measures that may explain it. Copies of 2019 say
# 交易金额 and 优惠金额, without telling whose; both readings are accepted.
_FOOTER_AMOUNTS = (
    (("商家实收", "商家实收退款"), "received_amount", ("received_amount",)),
    (("商家优惠", "商家优惠退款"), "merchant_discount", ("merchant_discount",)),
    (("交易金额", "退款金额", ""), "received_amount", ("received_amount", "order_amount")),
    (("优惠金额",), "merchant_discount", ("merchant_discount", "alipay_discount", "discount")),
)


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The totals: 交易合计 and 退款合计 of a detail list, the 合计 row of a summary (its rows)."""
    if not layout.has_rows:
        return read_grand_total(layout, lines)
    refuse_strangers(lines)
    text = "\n".join(lines)
    totals = [
        *_stated_totals(text, "交易合计", "payment"),
        *_stated_totals(text, "退款合计", "refund"),
    ]
    require_end(lines, totals, 4, ("交易合计", "退款合计"))
    return totals


def _stated_totals(text: str, mark: str, kind: str) -> list[ControlTotal]:
    line = re.search(rf"#{mark}[：:]\s*(\d+)笔(.*)", text)
    if line is None:
        return []
    totals = [stated_total(f"{kind}_count", line.group(1), (f"{kind}_count",))]
    for words, number in re.findall(r"[，,]?\s*([^，,\d]*?)共\s*([+-]?\d[\d.]*)元", line.group(2)):
        for accepted, name, measures in _FOOTER_AMOUNTS:
            if words.strip() in accepted:
                explained_by = tuple(f"{kind}_{measure}" for measure in measures)
                totals.append(stated_total(f"{kind}_{name}", number, explained_by))
    return totals


_IS_REFUND = pl.col("business_type").str.contains(_REFUND, literal=True).fill_null(value=False)


def _measures() -> dict[str, pl.Expr]:
    exprs = {
        "received_amount": amount("received_amount"),
        "order_amount": amount("order_amount"),
        "merchant_discount": amount("merchant_discount"),
        "alipay_discount": amount("alipay_discount"),
        "discount": amount("merchant_discount").fill_null(0)
        + amount("alipay_discount").fill_null(0),
    }
    measures = {
        "payment_count": _IS_REFUND.not_().sum().cast(pl.Int64),
        "refund_count": _IS_REFUND.sum().cast(pl.Int64),
    }
    for name, expr in exprs.items():
        measures[f"payment_{name}"] = expr.filter(_IS_REFUND.not_()).sum()
        measures[f"refund_{name}"] = expr.filter(_IS_REFUND).sum()
        measures[f"summary_{name}"] = expr.sum()
    return {
        **measures,
        "summary_payment_count": measures["payment_count"],
        "summary_refund_count": measures["refund_count"],
        "summary_card_amount": amount("card_amount").sum(),
        "summary_fee": amount("service_fee").sum(),
        "summary_fee_negated": -amount("service_fee").sum(),
    }


# A refund has no trade number of its own: a full refund without a request number carries the
# order number, partial ones tell themselves apart by the request number.
_REFUND_REQUEST = pl.coalesce("refund_batch_no", "out_trade_no")

FORMAT = Format(
    source="alipay_trade_bill",
    description="Alipay trade bills (业务明细): one row per payment or refund line.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("account",),
    keys=(
        Pseudonym("product_key", "product", pl.col("product_name")),
        Pseudonym("operator_key", "operator", pl.col("operator")),
        Pseudonym("order_key", "order", pl.col("out_trade_no")),
        Pseudonym(
            "capture_key",
            "capture",
            pl.concat_str([pl.lit("alipay"), pl.col("trade_no")], separator=UNIT_SEPARATOR),
        ),
        Pseudonym(
            "refund_key",
            "refund",
            pl.when(pl.col("business_type") == _REFUND).then(
                pl.concat_str(
                    [pl.lit("alipay"), pl.col("trade_no"), _REFUND_REQUEST],
                    separator=UNIT_SEPARATOR,
                )
            ),
        ),
    ),
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(pl.col("trade_no", "out_trade_no", "business_type").is_null()),
            "支付宝交易号, 商户订单号 and 业务类型 must be filled",
        ),
        *bill_time_checks("created_at", "创建时间"),
        *bill_time_checks("finished_at", "完成时间"),
        *(
            bad_amount_check(column.name, column.headers[0])
            for column in _COLUMNS
            if column.kind == "amount"
        ),
    ),
    measures=_measures(),
    read_footer=read_footer,
    account_setting="alipay_accounts",
    currency="CNY",
)
