"""The summary (汇总) that lies beside an Alipay detail list in the same zip.

What belongs here: its columns and its 合计 row. What does not: the detail list it is held against
(`alipay_trade_bill`), which recognises both. It is no format of its own: its rows are never loaded.
"""

from __future__ import annotations

from pipelines.formats.format import (
    BadFileError,
    Column,
    ControlTotal,
    Layout,
    parse_decimal,
    stated_total,
)

# One row per store, then 其他, then 合计; amounts are net of refunds. Columns called summary_… are
# control totals.
SUMMARY_COLUMNS = (
    Column("store_id", ("门店编号",)),
    Column("store_name", ("门店名称",)),
    Column("summary_payment_count", ("交易订单总笔数",)),
    Column("summary_refund_count", ("退款订单总笔数",)),
    Column("summary_order_amount", ("订单金额(元)",)),
    Column("summary_received_amount", ("商家实收(元)",)),
    Column("summary_alipay_discount", ("支付宝优惠(元)",)),
    Column("summary_merchant_discount", ("商家优惠(元)",)),
    Column("summary_card_amount", ("卡消费金额(元)",)),
    # Whether a negative fee is one that was charged differs between bills: see `_fee_charged`.
    Column("service_fee", ("服务费(元)",)),
    Column("commission", ("分润(元)",)),
    Column("net_amount", ("实收净额(元)",)),
)
_GRAND_TOTAL = "合计"


def read_grand_total(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The totals of the 合计 row: counts and net amounts of all stores together."""
    rows = [line.split(layout.separator) for line in lines]
    grand = [row for row in rows if any(cell.strip('\t\r "') == _GRAND_TOTAL for cell in row[:2])]
    if len(grand) != 1 or len(grand[0]) < len(layout.columns):
        raise BadFileError(
            "truncated", "an Alipay summary ends with a row 合计; download the file again"
        )
    totals = [
        stated_total(name, cell, (name,))
        for name, cell in zip(layout.columns, grand[0], strict=False)
        if name and name.startswith("summary_")
    ]
    return [*totals, *_fee_charged(layout, grand[0])]


def _fee_charged(layout: Layout, cells: list[str]) -> list[ControlTotal]:
    """What was charged in fees, less what was given back, as far as the 合计 row proves it.

    实收净额 is 商家实收 plus 分润 less the fee, so it says which sign of 服务费 is a charge.
    Nothing when no fee was charged, when a column is missing, or when neither sign gives the net.
    """
    values = {
        name: parse_decimal(cell)
        for name, cell in zip(layout.columns, cells, strict=False)
        if name in {"summary_received_amount", "service_fee", "commission", "net_amount"}
    }
    received, fee, net = map(values.get, ("summary_received_amount", "service_fee", "net_amount"))
    if received is None or not fee or net is None:
        return []
    charged = received + (values.get("commission") or 0) - net
    if abs(charged) != abs(fee):
        return []
    return [ControlTotal("summary_fee_charged", charged, ("summary_fee", "summary_fee_negated"))]
