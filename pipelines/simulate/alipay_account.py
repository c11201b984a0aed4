"""Alipay account bills (账务明细), byte for byte, of the same money as the trade bills.

What belongs here: what a payment, its fee, a refund and a payout do to the account, the columns and
totals of the bill. What does not: which files are written (`generate`).
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.ids import clock, yuan, yuan_text
from pipelines.simulate.ledger import booked

_COLUMNS = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
    "账户余额（元）,交易渠道,业务类型,备注"
)


def account_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Changes of the account by the rows of `alipay_bill.bill_rows`, with the balance after each.

    The fee is a row of its own; each morning what the day before brought in is paid out. Amounts
    are integer cents, signed.
    """
    is_paid = pl.col("business") == "交易"
    moves = [
        (is_paid, "在线支付", pl.col("received")),
        (is_paid, "收费", pl.col("service_fee")),
        (~is_paid, "交易退款", pl.col("received")),
    ]
    parts = [
        rows.filter(which & (cents != 0)).select(
            "at",
            pl.lit(step).alias("step"),
            "product",
            "masked_account",
            pl.lit(kind).alias("kind"),
            cents.alias("cents"),
            pl.col("transaction_id").alias("business_no"),
            pl.col("order_no").alias("voucher"),
        )
        for step, (which, kind, cents) in enumerate(moves)
    ]
    named = pl.concat(parts, how="vertical_relaxed").rename({"product": "name"})
    shown = named.select("at", "step", "name", "kind", "cents", "business_no", "voucher")
    return booked(shown, payout=("", "提现"))


def account_bill(
    rows: pl.DataFrame, first: date, after: date, exported_at: datetime
) -> tuple[bytes, dict[str, int]]:
    """One detail list of rows of `account_rows`: its bytes, and its totals (cents and counts)."""
    is_in = pl.col("cents") > 0
    zero = pl.lit("0.00")
    values = [
        pl.format("{}\t", pl.col("flow")),
        pl.format("{}\t", pl.col("business_no")),
        pl.format("{}\t", pl.col("voucher")),
        pl.when(pl.col("name").str.contains(","))
        .then(pl.format('"{}"', pl.col("name")))
        .otherwise(pl.col("name")),
        clock(pl.col("at")),
        pl.lit(""),
        pl.when(is_in).then(yuan(pl.col("cents"))).otherwise(zero),
        pl.when(is_in).then(zero).otherwise(yuan(pl.col("cents"))),
        yuan(pl.col("balance")),
        pl.lit("支付宝"),
        pl.col("kind"),
        pl.lit(""),
    ]
    lines = rows.select(pl.concat_str(values, separator=",")).to_series().to_list()
    totals = {
        "expense_count": int((rows["cents"] < 0).sum()),
        "expense": int(rows.filter(~is_in)["cents"].sum()),
        "income_count": int((rows["cents"] > 0).sum()),
        "income": int(rows.filter(is_in)["cents"].sum()),
    }
    rule = "-" * 41
    text = [
        "#支付宝账务明细查询",
        f"#账号：[{merchant.ALIPAY_ACCOUNT}]",
        f"#起始日期：[{first:%Y年%m月%d日} 00:00:00]   终止日期：[{after:%Y年%m月%d日} 00:00:00]",
        f"#{rule}账务明细列表{rule}",
        _COLUMNS,
        *lines,
        f"#{rule}账务明细列表结束{rule}",
        f"#支出合计：{totals['expense_count']}笔，共{yuan_text(totals['expense'])}元",
        f"#收入合计：{totals['income_count']}笔，共{yuan_text(totals['income'])}元",
        f"#导出时间：[{exported_at:%Y年%m月%d日 %H:%M:%S}]",
        "",
    ]
    return "\n".join(text).encode("gb18030"), totals


def account_name(day: date) -> str:
    """Name of a day's list."""
    return f"alipay/{merchant.ALIPAY_ACCOUNT}_{day:%Y%m%d}_账务明细.csv"
