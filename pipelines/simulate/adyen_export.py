"""Adyen's reports of the simulated merchant's shop abroad: one of each kind per month.

What belongs here: columns and rows of settlement details, payments accounting and received
payments. What does not: who buys (`overseas`).

An account in Singapore: the clock is Shanghai's, its zone is printed as SGT.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.simulate.ids import clock, yuan
from pipelines.simulate.overseas import overseas_payments
from pipelines.simulate.scenario import day_to_ms
from pipelines.simulate.story import Story, Written
from pipelines.simulate.truth import FileTruth

_SHARE = 0.05
_METHODS = ("mc_applepay", "visa_applepay", "visa_googlepay", "alipay_hk", "wechatpayQR", "visa")
_MINUTE_MS = 60_000


def write_exports(story: Story) -> Written:
    """Three reports per month; `planted` counts payments, refusals, refunds and cents received."""
    payments = overseas_payments(story, "adyen", _SHARE).with_columns(
        pl.format("88{}", pl.col("number").cast(pl.String).str.zfill(14)).alias("psp"),
        (pl.col("cents") * 3 // 100 + 11).alias("fee"),
        (pl.col("number") % len(_METHODS))
        .cast(pl.Int64)
        .replace_strict(dict(enumerate(_METHODS)), return_dtype=pl.String)
        .alias("method"),
    )
    reports = {
        "settlement_detail_report": ("adyen_settlement", _settlement(payments)),
        "payments_accounting_report": ("adyen_accounting", _accounting(payments)),
        "received_payments_report": ("adyen_received", _received(payments)),
    }
    files = []
    for first, after in story.scenario.months():
        for stem, (source, rows) in reports.items():
            at = pl.col("at")
            part = rows.filter((at >= day_to_ms(first)) & (at < day_to_ms(after)))
            if part.is_empty():
                continue
            if source == "adyen_settlement":
                part = _with_payout(part, after)
            name = f"adyen/{stem}_{first:%Y_%m}.csv"
            last = after - timedelta(days=1)
            truth = FileTruth(name, source, "month", first, last, len(part), {})
            files.append(story.write(name, part.drop("at").write_csv().encode(), truth))
    settled = payments.filter(pl.col("settled_at").is_not_null())
    return Written(
        files,
        {
            "adyen_attempts": len(payments),
            "adyen_refused": int(payments["is_refused"].sum()),
            "adyen_settled": len(settled),
            "adyen_settled_cents": int(settled["cents"].sum()),
            "adyen_refunds": len(payments.filter(pl.col("refunded_at").is_not_null())),
        },
    )


_WHO = (
    pl.lit("SimulatedGroup").alias("Company Account"),
    pl.lit("SimulatedAbroad").alias("Merchant Account"),
)
_PAYMENT = (
    pl.col("psp").alias("Psp Reference"),
    pl.col("order_no").alias("Merchant Reference"),
    pl.col("method").alias("Payment Method"),
)


def _settlement(payments: pl.DataFrame) -> pl.DataFrame:
    sold = payments.filter(pl.col("settled_at").is_not_null())
    back = payments.filter(pl.col("refunded_at").is_not_null())
    rows = [
        sold.with_columns(
            pl.col("settled_at").alias("at"),
            pl.lit("Settled").alias("type"),
            pl.lit("C").alias("step"),
            pl.col("cents").alias("credit"),
            pl.lit(None, pl.Int64).alias("debit"),
        ),
        # The fee stays with Adyen when money goes back.
        back.with_columns(
            pl.col("refunded_at").alias("at"),
            pl.lit("Refunded").alias("type"),
            pl.lit("R").alias("step"),
            pl.lit(None, pl.Int64).alias("credit"),
            pl.col("cents").alias("debit"),
            pl.lit(0, pl.Int64).alias("fee"),
        ),
    ]
    net = pl.col("credit").fill_null(0) - pl.col("debit").fill_null(0) - pl.col("fee")
    frame = pl.concat(rows, how="vertical_relaxed").sort("at", "psp").with_columns(net.alias("net"))
    return frame.select(
        "at",
        *_WHO,
        *_PAYMENT,
        clock(pl.col("at")).alias("Creation Date"),
        pl.lit("SGT").alias("TimeZone"),
        pl.col("type").alias("Type"),
        pl.format("{}{}", "psp", "step").alias("Modification Reference"),
        pl.lit("EUR").alias("Gross Currency"),
        yuan(pl.col("debit")).alias("Gross Debit (GC)"),
        yuan(pl.col("credit")).alias("Gross Credit (GC)"),
        pl.lit("1").alias("Exchange Rate"),
        pl.lit("EUR").alias("Net Currency"),
        yuan(pl.when(pl.col("net") < 0).then(-pl.col("net"))).alias("Net Debit (NC)"),
        yuan(pl.when(pl.col("net") >= 0).then(pl.col("net"))).alias("Net Credit (NC)"),
        yuan(pl.col("fee")).alias("Commission (NC)"),
        pl.lit("0.00").alias("Markup (NC)"),
        pl.lit("0.00").alias("Scheme Fees (NC)"),
        pl.lit("0.00").alias("Interchange (NC)"),
        pl.col("method").alias("Payment Method Variant"),
        pl.col("at").cast(pl.Datetime("ms")).dt.strftime("%Y%m").alias("Batch Number"),
    )


def _with_payout(rows: pl.DataFrame, after: date) -> pl.DataFrame:
    """The month's batch with the payout that brings it to zero."""
    money = pl.Decimal(18, 2)
    net = (
        pl.col("Net Credit (NC)").cast(money).fill_null(0).sum()
        - pl.col("Net Debit (NC)").cast(money).fill_null(0).sum()
    )
    total = rows.select(net).item()
    side = "Net Debit (NC)" if total >= 0 else "Net Credit (NC)"
    payout = rows.head(1).select(
        pl.lit(day_to_ms(after) - _MINUTE_MS).alias("at"),
        *_WHO,
        clock(pl.lit(day_to_ms(after) - _MINUTE_MS)).alias("Creation Date"),
        pl.lit("SGT").alias("TimeZone"),
        pl.lit("MerchantPayout").alias("Type"),
        pl.lit("EUR").alias("Net Currency"),
        pl.lit(f"{abs(total):.2f}").alias(side),
        "Batch Number",
    )
    return pl.concat([rows, payout], how="diagonal_relaxed")


def _accounting(payments: pl.DataFrame) -> pl.DataFrame:
    """The steps of each payment; each moves its amount from one column to the next."""
    paid, refused = pl.col("is_refused").not_(), pl.col("is_refused")
    gross = pl.col("cents")
    steps = [
        ("Received", pl.col("at"), pl.lit(value=True), "", (gross, None, None), gross),
        ("Authorised", pl.col("at") + 2_000, paid, "", (-gross, gross, None), gross),
        ("Refused", pl.col("at") + 2_000, refused, "", (-gross, None, None), gross),
        ("SentForSettle", pl.col("at") + _MINUTE_MS, paid, "C", (None, -gross, gross), gross),
        ("Settled", pl.col("settled_at"), paid, "C", (None, None, -gross), gross - pl.col("fee")),
        ("SentForRefund", pl.col("refund_asked_at"), paid, "R", (None, None, -gross), gross),
        ("Refunded", pl.col("refunded_at"), paid, "R", (None, None, gross), gross),
    ]
    nothing = pl.lit(None, pl.Int64)
    frames = [
        payments.filter(condition).select(
            moment.alias("at"),
            *_WHO,
            *_PAYMENT,
            pl.col("method").alias("Payment Method Variant"),
            clock(moment).alias("Booking Date"),
            pl.lit("SGT").alias("TimeZone"),
            pl.lit(name).alias("Record Type"),
            (pl.format("{}{}", "psp", pl.lit(part)) if part else pl.lit(None, pl.String)).alias(
                "Modification Psp Reference"
            ),
            pl.lit("EUR").alias("Main Currency"),
            yuan(main).alias("Main Amount"),
            pl.lit("EUR").alias("Payment Currency"),
            *(
                yuan(nothing if value is None else value).alias(column)
                for column, value in zip(
                    ("Received (PC)", "Authorised (PC)", "Captured (PC)"), moved, strict=True
                )
            ),
            pl.lit("EUR").alias("Settlement Currency"),
            yuan(pl.col("fee") if name == "Settled" else nothing).alias("Commission (SC)"),
            pl.col("user_id").alias("Shopper Reference"),
        )
        for name, moment, condition, part, moved, main in steps
    ]
    return pl.concat(frames).filter(pl.col("at").is_not_null()).sort("Psp Reference", "Record Type")


def _received(payments: pl.DataFrame) -> pl.DataFrame:
    refused = pl.col("is_refused")
    return payments.select(
        "at",
        *_WHO,
        *_PAYMENT,
        clock(pl.col("at")).alias("Creation Date"),
        pl.lit("SGT").alias("TimeZone"),
        pl.lit("EUR").alias("Currency"),
        yuan(pl.col("cents")).alias("Amount"),
        pl.when(refused).then(pl.lit("Refused")).otherwise(pl.lit("Authorised")).alias("Type"),
        pl.lit("Ecommerce").alias("Shopper Interaction"),
        pl.col("user_id").alias("Shopper Reference"),
        pl.when(refused)
        .then(pl.lit("Not enough balance"))
        .otherwise(pl.lit("Approved"))
        .alias("Acquirer Response"),
        pl.col("method").alias("Payment Method Variant"),
        pl.when(refused)
        .then(pl.lit("51 : Insufficient funds"))
        .otherwise(pl.lit("00 : Approved"))
        .alias("Raw acquirer response"),
    )
