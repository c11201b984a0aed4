"""Alipay trade bills (业务明细), byte for byte: the archive with its detail and summary members.

What belongs here: columns, texts, `#` lines and packing. What does not: which files are written
(`export`).

GB18030, LF. Id-like fields end with a TAB (an empty one is a lone TAB). A refund is a negative row
under the payment's own trade number. Member names are GBK without the flag that would say so.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.ids import clock, yuan, yuan_text

_ZERO = pl.lit("0.00")


def _tabbed(text: pl.Expr) -> pl.Expr:
    return pl.concat_str(text.fill_null(""), pl.lit("\t"))


def _quoted(text: pl.Expr) -> pl.Expr:
    """RFC 4180 quotes, only where a comma asks for them."""
    return pl.when(text.str.contains(",")).then(pl.format('"{}"', text)).otherwise(text)


_COLUMNS: dict[str, pl.Expr] = {
    "支付宝交易号": _tabbed(pl.col("transaction_id")),
    "商户订单号": _tabbed(pl.col("order_no")),
    "业务类型": _tabbed(pl.col("business")),
    "商品名称": _quoted(_tabbed(pl.col("product"))),
    "创建时间": clock(pl.col("created_at")),
    "完成时间": clock(pl.col("at")),
    "门店编号": _tabbed(pl.col("store_id")),
    "门店名称": _tabbed(pl.col("store_name")),
    "操作员": _tabbed(pl.col("operator")),
    "终端号": _tabbed(pl.col("terminal")),
    "对方账户": _tabbed(pl.col("masked_account")),
    "订单金额（元）": yuan(pl.col("amount")),
    "商家实收（元）": yuan(pl.col("received")),
    "支付宝红包（元）": _ZERO,
    "集分宝（元）": _ZERO,
    "支付宝优惠（元）": yuan(pl.col("wallet_discount")),
    "商家优惠（元）": yuan(pl.col("merchant_discount")),
    "券核销金额（元）": yuan(pl.col("merchant_discount")),
    "券名称": _tabbed(
        pl.when(pl.col("merchant_discount") != 0).then(pl.lit("门店满减券")).otherwise(pl.lit(""))
    ),
    "商家红包消费金额（元）": _ZERO,
    "卡消费金额（元）": _ZERO,
    "退款批次号/请求号": _tabbed(pl.col("request_no")),
    # Charged fees are negative; a returned fee is in the account bill only.
    "服务费（元）": yuan(pl.col("service_fee")),
    "分润（元）": _ZERO,
    "备注": _tabbed(pl.col("remark")),
}
_SUMMARY_HEADER = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)
_MONEY = ["amount", "received", "wallet_discount", "merchant_discount", "service_fee"]
_RULES = {
    "业务明细列表": "#" + "-" * 41 + "业务明细列表" + "-" * 40,
    "业务明细列表结束": "#" + "-" * 41 + "业务明细列表结束" + "-" * 36,
    "业务汇总列表": "#" + "-" * 41 + "业务汇总列表" + "-" * 40,
    "业务汇总列表结束": "#" + "-" * 40 + "业务汇总列表结束" + "-" * 37,
}
# Stands for the Chinese part of a member name until the archive is written: as long in ASCII as
# the name is in GBK.
_NAME_STANDIN = {"业务明细": b"YWMXYWMX", "业务明细(汇总)": b"YWMXHZHZHZHZHZ"}


def bill_rows(payments: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """All rows the bills of the period hold, one per payment or refund event, newest first.

    Columns are those the bill shows, amounts as integer cents with the bill's signs; `at` is the
    moment that decides the bill's day (payment or refund finished).
    """
    alipay = pl.col("provider") == "alipay"
    position = payments["store"].to_numpy()
    stores = merchant.STORES[np.maximum(position, 0)]
    in_store = pl.col("store") >= 0
    payments = payments.with_columns(
        pl.when(in_store).then(stores["store_id"]).otherwise(pl.lit("")).alias("store_id"),
        pl.when(in_store).then(stores["store_name"]).otherwise(pl.lit("")).alias("store_name"),
        pl.when(in_store)
        .then(pl.format("{}-{}", stores["store_id"], pl.col("user").abs() % 3 + 1))
        .otherwise(pl.lit(""))
        .alias("terminal"),
        pl.when(in_store).then(pl.lit("门店消费")).otherwise(pl.lit("")).alias("remark"),
    )
    shared = ["transaction_id", "order_no", "product", "created_at", "store_id", "store_name"]
    shared += ["terminal", "masked_account", "remark", "store"]
    paid = payments.filter(alipay & ~pl.col("is_before_period")).select(
        pl.lit("交易").alias("business"),
        pl.col("paid_at").alias("at"),
        *shared,
        pl.when(in_store).then(pl.format("op{}", pl.col("store") + 1)).alias("operator"),
        pl.lit("").alias("request_no"),
        "amount",
        pl.col("settled").alias("received"),
        "wallet_discount",
        "merchant_discount",
        (-pl.col("fee")).alias("service_fee"),
        "file_order",
    )
    source = payments.select("provider", *shared)[refunds["payment"].to_numpy()]
    back = pl.concat([refunds, source], how="horizontal").filter(alipay)
    back = back.select(
        pl.lit("退款").alias("business"),
        pl.col("accepted_at").alias("at"),
        *shared,
        pl.lit("service01").alias("operator"),
        "request_no",
        -pl.col("requested").alias("amount"),
        -pl.col("settled").alias("received"),
        -pl.col("wallet_discount"),
        -pl.col("merchant_discount"),
        pl.lit(0, dtype=pl.Int64).alias("service_fee"),
        "file_order",
    )
    rows = pl.concat([paid, back], how="vertical_relaxed")
    return rows.sort("at", "file_order", descending=[True, False])


def bill_archive(
    rows: pl.DataFrame, first: date, after: date, exported_at: datetime, *, summary_first: bool
) -> tuple[bytes, dict[str, int]]:
    """The zip for the days from `first` to before `after`: its bytes, and its totals.

    Totals are cents and counts of the detail member's footer, refunds negative. The name inside is
    the day, or the month when the bill covers more than a day.
    """
    detail, totals = _detail_member(rows, first, after, exported_at)
    summary = _summary_member(rows, first, after, exported_at)
    members = [("业务明细", detail), ("业务明细(汇总)", summary)]
    if summary_first:
        members.reverse()
    return _packed(bill_label(first, after), members, exported_at), totals


def bill_label(first: date, after: date) -> str:
    """`<account>_20260131`, or `<account>_202601` for a month: the name of an archive."""
    whole = after - first > timedelta(days=1)
    return (
        f"{merchant.ALIPAY_ACCOUNT}_{first:%Y%m}"
        if whole
        else (f"{merchant.ALIPAY_ACCOUNT}_{first:%Y%m%d}")
    )


def _preamble(title: str, first: date, after: date) -> list[str]:
    return [
        f"#支付宝{title}查询",
        f"#账号：[{merchant.ALIPAY_ACCOUNT}]",
        f"#起始日期：[{first:%Y年%m月%d日} 00:00:00]   终止日期：[{after:%Y年%m月%d日} 00:00:00]",
    ]


def _detail_member(
    rows: pl.DataFrame, first: date, after: date, exported_at: datetime
) -> tuple[str, dict[str, int]]:
    lines = rows.select(pl.concat_str(list(_COLUMNS.values()), separator=",")).to_series()
    totals = {}
    for name, business in (("payment", "交易"), ("refund", "退款")):
        part = rows.filter(pl.col("business") == business)
        totals[f"{name}_count"] = len(part)
        totals[f"{name}_received_amount"] = int(part["received"].sum())
        totals[f"{name}_merchant_discount"] = int(part["merchant_discount"].sum())
    text = [
        *_preamble("业务明细", first, after),
        _RULES["业务明细列表"],
        ",".join(_COLUMNS),
        *lines.to_list(),
        _RULES["业务明细列表结束"],
        f"#交易合计：{totals['payment_count']}笔，"
        f"商家实收共{yuan_text(totals['payment_received_amount'])}元，"
        f"商家优惠共{yuan_text(totals['payment_merchant_discount'])}元",
        f"#退款合计：{totals['refund_count']}笔，"
        f"商家实收退款共{yuan_text(totals['refund_received_amount'])}元，"
        f"商家优惠退款共{yuan_text(totals['refund_merchant_discount'])}元",
        f"#导出时间：[{exported_at:%Y年%m月%d日 %H:%M:%S}]",
        "",
    ]
    return "\n".join(text), totals


def _summary_member(rows: pl.DataFrame, first: date, after: date, exported_at: datetime) -> str:
    """Per store, then 其他 (sold online), then 合计; amounts net of refunds."""
    sums = rows.group_by("store", maintain_order=True).agg(
        (pl.col("business") == "交易").sum().cast(pl.Int64).alias("payments"),
        (pl.col("business") == "退款").sum().cast(pl.Int64).alias("refunds"),
        pl.col(_MONEY).sum(),
    )
    frame = pl.concat(
        [sums, sums.select(pl.lit(len(merchant.STORES)).alias("store"), pl.exclude("store").sum())],
        how="vertical_relaxed",
    )
    online = pl.col("store") < 0
    # Stores by number, online sales after them, the grand total last.
    frame = frame.sort(
        pl.when(online).then(len(merchant.STORES) - 0.5).otherwise(pl.col("store").cast(pl.Float64))
    )
    names = {-1: ("其他", ""), len(merchant.STORES): ("合计", "")}
    names |= dict(enumerate(merchant.STORES.select("store_id", "store_name").iter_rows()))
    lines = [_SUMMARY_HEADER]
    for row in frame.iter_rows(named=True):
        store_id, store_name = names[row["store"]]
        amounts = [row["amount"], row["received"], row["wallet_discount"]]
        amounts += [row["merchant_discount"], 0, row["service_fee"], 0]
        amounts.append(row["received"] + row["service_fee"])
        texts = [yuan_text(amount) for amount in amounts]
        counts = [str(row["payments"]), str(row["refunds"])]
        lines.append(",".join([f"{store_id}\t", f"{store_name}\t", *counts, *texts]))
    text = [
        *_preamble("业务汇总", first, after),
        _RULES["业务汇总列表"],
        *lines,
        _RULES["业务汇总列表结束"],
        f"#导出时间：[{exported_at:%Y年%m月%d日 %H:%M:%S}]",
        "",
    ]
    return "\n".join(text)


def _packed(label: str, members: list[tuple[str, str]], moment: datetime) -> bytes:
    """Zip with GBK member names. zipfile can only write ASCII or flagged UTF-8 names, so the
    archive is made with ASCII stand-ins of the same length, replaced in its two directories."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in members:
            info = zipfile.ZipInfo(
                f"{label}_{_NAME_STANDIN[name].decode()}.csv", moment.timetuple()[:6]
            )
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0
            info.create_system = 0
            archive.writestr(info, text.encode("gb18030"), compresslevel=9)
    packed = buffer.getvalue()
    for name, _ in members:
        standin = f"{label}_".encode() + _NAME_STANDIN[name] + b".csv"
        packed = packed.replace(standin, f"{label}_{name}.csv".encode("gbk"))
    return packed
