"""WeChat Pay funds bills, byte for byte, of the same payments and refunds as the trade bills.

What belongs here: what a payment, a refund and the nightly payout do to the account, the running
balance, the columns and totals of the bill. What does not: which files are written (`generate`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.ids import clock, yuan, yuan_text
from pipelines.simulate.ledger import booked

_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def account_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Changes of the account by the rows of `wechat_bill.bill_rows`, with the balance after each.

    Fees and fees given back are rows of their own; each night the day's balance is paid out.
    Amounts are integer cents, signed.
    """
    is_paid = pl.col("state") == "SUCCESS"
    moves = [
        (is_paid, "交易", "交易", pl.col("settled"), "transaction_id", "order_no"),
        (is_paid, "交易", "扣除交易手续费", -pl.col("fee"), "transaction_id", "order_no"),
        (~is_paid, "退款", "退款", -pl.col("refund_settled"), "refund_id", "request_no"),
        (~is_paid, "退款", "退还交易手续费", -pl.col("fee"), "refund_id", "request_no"),
    ]
    parts = [
        rows.filter(which & (cents != 0)).select(
            "at",
            pl.lit(step).alias("step"),
            pl.lit(name).alias("name"),
            pl.lit(kind).alias("kind"),
            cents.alias("cents"),
            pl.col(number).alias("business_no"),
            pl.col(voucher).alias("voucher"),
        )
        for step, (which, name, kind, cents, number, voucher) in enumerate(moves)
    ]
    return booked(pl.concat(parts, how="vertical_relaxed"), payout=("提现", "提现"))


def funds_bill(rows: pl.DataFrame) -> tuple[bytes, dict[str, int]]:
    """One bill of rows of `account_rows`: its bytes, and its totals (cents and counts)."""
    is_in = pl.col("cents") > 0
    values = [
        clock(pl.col("at")),
        pl.col("business_no"),
        pl.format("{}{}", pl.lit(merchant.WECHAT_MERCHANT), pl.col("flow")),
        pl.col("name"),
        pl.col("kind"),
        pl.when(is_in).then(pl.lit("收入")).otherwise(pl.lit("支出")),
        yuan(pl.col("cents").abs()),
        yuan(pl.col("balance")),
        pl.lit("system"),
        pl.lit(""),
        pl.col("voucher"),
    ]
    texts = [pl.concat_str(pl.lit("`"), value.fill_null("")) for value in values]
    lines = rows.select(pl.concat_str(texts, separator=",")).to_series().to_list()
    totals = {
        "row_count": len(rows),
        "income_count": int((rows["cents"] > 0).sum()),
        "income_amount": int(rows.filter(is_in)["cents"].sum()),
        "expense_count": int((rows["cents"] < 0).sum()),
        "expense_amount": -int(rows.filter(~is_in)["cents"].sum()),
    }
    stated = [
        f"`{value}.0" if name.endswith("count") else f"`{yuan_text(value)}"
        for name, value in totals.items()
    ]
    text = "\r\n".join([_COLUMNS, *lines, _TOTALS, ",".join(stated), ""])
    return text.encode("utf-8-sig"), totals


def funds_name(day: date) -> str:
    """Name of a day's bill as the merchant platform gives it."""
    return f"wechat_pay/{merchant.WECHAT_MERCHANT}Basic{day}_{day}.csv"
