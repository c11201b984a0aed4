"""WeChat Pay trade bills, byte for byte: ALL, SUCCESS and REFUND.

What belongs here: columns, their texts and the summary lines of the merchant's trade bill. What
does not: which files are written (`export`).

UTF-8 with BOM, CRLF. Neither header has backticks, every value has a leading one, and nothing is
quoted: a comma in a product name stays bare. Counts look like floats, fees have five decimals.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.ids import clock, yuan, yuan_text

BillType = Literal["ALL", "SUCCESS", "REFUND"]

_REFUND_TIMES = {
    "退款申请时间": clock(pl.col("accepted_at")),
    "退款成功时间": clock(pl.col("completed_at")),
}
_REFUND_PARTS = {
    "微信退款单号": pl.col("refund_id").fill_null("0"),
    "商户退款单号": pl.col("request_no").fill_null("0"),
    "退款金额": yuan(pl.col("refund_settled")),
    "充值券退款金额": yuan(pl.col("refund_recharge_coupon")),
    "退款类型": pl.col("refund_type"),
    "退款状态": pl.col("status"),
}
_COLUMNS: dict[str, pl.Expr] = {
    "交易时间": clock(pl.col("at")),
    "公众账号ID": pl.col("app_id"),
    "商户号": pl.lit(merchant.WECHAT_MERCHANT),
    "特约商户号": pl.lit("0"),
    "设备号": pl.col("device_info"),
    "微信订单号": pl.col("transaction_id"),
    "商户订单号": pl.col("order_no"),
    "用户标识": pl.col("openid"),
    "交易类型": pl.col("trade_type"),
    "交易状态": pl.col("state"),
    "付款银行": pl.col("bank"),
    "货币种类": pl.lit("CNY"),
    "应结订单金额": yuan(pl.col("settled")),
    "代金券金额": yuan(pl.col("coupon")),
    **_REFUND_TIMES,
    **_REFUND_PARTS,
    "商品名称": pl.col("product"),
    "商户数据包": pl.col("channel"),
    # Rounded to the cent, printed with five decimals; negative where a fee comes back.
    "手续费": yuan(pl.col("fee"), zeros="000"),
    "费率": pl.lit("0.60%"),
    "订单金额": yuan(pl.col("amount")),
    "申请退款金额": yuan(pl.col("requested")),
    "费率备注": pl.lit(""),
}
_ABSENT = {
    "ALL": set(_REFUND_TIMES),
    "SUCCESS": {*_REFUND_TIMES, *_REFUND_PARTS, "申请退款金额"},
    "REFUND": set(),
}
# Summary title, frame column, name of the control total.
_TOTALS = [
    ("应结订单总金额", "settled", "settlement_amount"),
    ("退款总金额", "refund_settled", "refund_amount"),
    ("充值券退款总金额", "refund_recharge_coupon", "coupon_refund_amount"),
    ("手续费总金额", "fee", "fee"),
    ("订单总金额", "amount", "order_amount"),
    ("申请退款总金额", "requested", "requested_refund_amount"),
]
_SUCCESS_TOTALS = {"settled", "fee", "amount"}
_SHARED = ["app_id", "transaction_id", "order_no", "openid", "trade_type", "bank", "product"]
_SHARED += ["channel", "device_info"]


def bill_rows(payments: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """All rows the bills of the period hold, one per payment or refund event, in file order.

    Columns are those the bill shows, amounts as integer cents, times as clock ms; `at` is the
    moment that decides the bill's day (paid, or refund accepted). A refund repeats ids, buyer and
    product of its payment but not the amounts.
    """
    wechat = pl.col("provider") == "wechat_pay"
    shop = merchant.STORES["store_id"].gather(np.maximum(payments["store"].to_numpy(), 0))
    payments = payments.with_columns(
        pl.when(pl.col("store") >= 0).then(shop).otherwise(pl.lit("")).alias("device_info")
    )
    paid = payments.filter(wechat & ~pl.col("is_before_period")).select(
        pl.col("paid_at").alias("at"),
        pl.lit("SUCCESS").alias("state"),
        *_SHARED,
        "settled",
        "coupon",
        "fee",
        "amount",
        "file_order",
    )
    source = payments.select("provider", *_SHARED)[refunds["payment"].to_numpy()]
    is_revoked = pl.col("kind") == "revocation"
    back = pl.concat([refunds, source], how="horizontal").filter(wechat)
    back = back.select(
        pl.col("accepted_at").alias("at"),
        pl.when(is_revoked).then(pl.lit("REVOKED")).otherwise(pl.lit("REFUND")).alias("state"),
        *_SHARED,
        "accepted_at",
        "completed_at",
        "refund_id",
        "request_no",
        pl.col("settled").alias("refund_settled"),
        pl.col("recharge_coupon").alias("refund_recharge_coupon"),
        pl.lit("ORIGINAL").alias("refund_type"),
        "status",
        -pl.col("fee"),
        "requested",
        "file_order",
    )
    rows = pl.concat([paid, back], how="diagonal_relaxed")
    amounts = ["settled", "coupon", "fee", "amount", "requested"]
    amounts += ["refund_settled", "refund_recharge_coupon"]
    return rows.with_columns(pl.col(amounts).fill_null(0)).sort("file_order")


def trade_bill(rows: pl.DataFrame, bill_type: BillType) -> tuple[bytes, dict[str, int]]:
    """One bill of the given rows of `bill_rows`: its bytes, and its totals (cents and a count).

    SUCCESS keeps the payments, REFUND the refunds (reversed micropays are no refunds).
    """
    if bill_type != "ALL":
        rows = rows.filter(pl.col("state") == bill_type)
    shown = {name: text for name, text in _COLUMNS.items() if name not in _ABSENT[bill_type]}
    values = [pl.concat_str(pl.lit("`"), text.fill_null("")) for text in shown.values()]
    lines = rows.select(pl.concat_str(values, separator=",")).to_series().to_list()
    columns = [entry for entry in _TOTALS if bill_type != "SUCCESS" or entry[1] in _SUCCESS_TOTALS]
    totals = {name: int(rows[column].sum()) for _, column, name in columns}
    summary = [f"`{len(rows)}.0"]
    for name, cents in totals.items():
        summary.append("`" + yuan_text(cents, zeros="000" if name == "fee" else ""))
    text = "\r\n".join(
        [
            ",".join(shown),
            *lines,
            ",".join(["总交易单数", *(title for title, _, _ in columns)]),
            ",".join(summary),
            "",
        ]
    )
    return text.encode("utf-8-sig"), {"row_count": len(rows), **totals}
