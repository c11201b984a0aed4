"""Stripe's files of the merchant's shop abroad: payments, balance report, and its log of attempts.

What belongs here: orders paid with cards, Apple Pay, Google Pay or Alipay through Stripe, and the
bytes of Stripe's exports of them. What does not: the wallets' own bills.

Stripe does not know the order numbers: the log holds Stripe's id of each payment. The account is in
Hong Kong, so amounts are converted and fees are in Hong Kong dollars.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.simulate import ids, merchant
from pipelines.simulate.scenario import DAY_MS, UTC_OFFSET_MS, day_to_ms
from pipelines.simulate.story import Story, Written
from pipelines.simulate.truth import FileTruth, yuan_of

# Of all orders of the merchant, those of the shop abroad.
_SHARE = 0.03
_WALLETS = (("apple_pay", 0.42), ("google_pay", 0.2), ("card", 0.28), ("alipay", 0.1))
_BRANDS = (("Visa", 0.5), ("MasterCard", 0.35), ("American Express", 0.15))
_CODES = ("insufficient_funds", "do_not_honor", "expired_card")
_CURRENCIES = (("usd", 0.6, 7.8), ("eur", 0.4, 8.5))
_TYPES = {"alipay": "alipay"}
_TOKENS = {"google_pay": "android_pay", "card": "", "alipay": ""}
# 3.4 % and 2.35 Hong Kong dollars.
_FEE_PER_MILLE, _FEE_FIXED = 34, 235

_PAYMENT_COLUMNS = [
    "id",
    "Created date (UTC)",
    "Amount",
    "Amount Refunded",
    "Currency",
    "Captured",
    "Converted Amount",
    "Converted Amount Refunded",
    "Converted Currency",
    "Decline Reason",
    "Description",
    "Fee",
    "Refunded date (UTC)",
    "Statement Descriptor",
    "Status",
    "Seller Message",
    "Taxes On Fee",
    "Card ID",
    "Customer ID",
    "Customer Description",
    "Customer Email",
    "Invoice ID",
    "Transfer",
    "PaymentIntent ID",
    "Payment Source Type",
    "Card Brand",
    "Card Funding",
    "Card Tokenization Method",
    "Mode",
    "Is Link",
]
_BALANCE_COLUMNS = [
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
    "charge_id",
    "payment_intent_id",
]


def draw_charges(story: Story) -> pl.DataFrame:
    """One row per attempt, by time; a generator of its own, so that other files stay as they are.

    Columns: number, order_no, user_id, wallet, brand, at (clock ms), amount (minor units),
    currency, converted, fee (Hong Kong cents), outcome, code, refunded (minor units), refunded_at.
    """
    rng, users, scenario = story.rng("stripe"), story.users, story.scenario
    size = max(20, round(len(story.orders["amount"]) * _SHARE))
    days = merchant.pick(rng, scenario.day_shares(), size)
    at = np.sort(scenario.start_ms + days * DAY_MS + rng.integers(0, DAY_MS - 60_000, size))
    at = at // 1_000 * 1_000
    currency = merchant.pick(rng, np.array([share for _, share, _ in _CURRENCIES]), size)
    rate = np.array([rate for _, _, rate in _CURRENCIES])[currency]
    amount = np.rint(rng.lognormal(np.log(4_500), 0.6, size)).astype(np.int64)
    kind = rng.random(size)
    outcome = np.where(kind < 0.88, "succeeded", np.where(kind < 0.96, "failed", "abandoned"))
    paid = outcome == "succeeded"
    part = np.where(rng.random(size) < 0.5, amount, amount // 3)
    refunded = np.where(paid & (rng.random(size) < 0.08), part, 0)
    converted = np.rint(amount * rate).astype(np.int64)
    later = at + rng.integers(1, 15, size) * DAY_MS
    frame = pl.DataFrame(
        {
            "number": np.arange(size) + 1,
            "user_id": users["user_id"].to_numpy()[rng.integers(0, len(users), size)],
            "wallet": np.array([name for name, _ in _WALLETS])[
                merchant.pick(rng, np.array([share for _, share in _WALLETS]), size)
            ],
            "brand": np.array([name for name, _ in _BRANDS])[
                merchant.pick(rng, np.array([share for _, share in _BRANDS]), size)
            ],
            "at": at,
            "amount": amount,
            "currency": np.array([name for name, _, _ in _CURRENCIES])[currency],
            "rate": rate,
            "converted": converted,
            "fee": (converted * _FEE_PER_MILLE + 500) // 1_000 + _FEE_FIXED,
            "outcome": outcome,
            "code": np.array(_CODES)[rng.integers(0, len(_CODES), size)],
            # What is given back after the period is in no file of it.
            "refunded": np.where(later < scenario.end_ms, refunded, 0),
            "refunded_at": later,
        }
    )
    running = pl.col("number").cast(pl.String).str.zfill(8)
    letters = ids.scattered(pl.col("number"))
    kind = pl.col("wallet").replace_strict({"alipay": "py"}, default="ch")
    return frame.with_columns(
        pl.format("WS{}{}", ids.day_digits(pl.col("at")), running).alias("order_no"),
        pl.format("{}_3Sim{}", kind, letters).alias("charge_id"),
        pl.format("pi_3Sim{}", letters).alias("intent_id"),
        pl.format("cus_Sim{}", ids.scattered(pl.col("number") * 7)).alias("customer_id"),
    )


def payments_export(charges: pl.DataFrame) -> bytes:
    """The dashboard's export: an abandoned payment has no id, a refund shows in its amount only."""
    paid = pl.col("outcome") == "succeeded"
    is_card = pl.col("wallet") != "alipay"
    refunded = pl.col("refunded") > 0
    whole = pl.col("refunded") == pl.col("amount")
    back = (pl.col("refunded") * pl.col("rate")).round(0).cast(pl.Int64)
    none = pl.lit("")
    shown = charges.select(
        id=pl.when(pl.col("outcome") != "abandoned").then("charge_id").otherwise(none),
        **{
            "Created date (UTC)": _utc("at"),
            "Amount": ids.yuan(pl.col("amount")),
            "Amount Refunded": ids.yuan(pl.col("refunded")),
            "Currency": pl.col("currency"),
            "Captured": pl.when(paid).then(pl.lit("true")).otherwise(pl.lit("false")),
            "Converted Amount": pl.when(paid).then(ids.yuan(pl.col("converted"))).otherwise(none),
            "Converted Amount Refunded": ids.yuan(back),
            "Converted Currency": pl.when(paid).then(pl.lit("hkd")).otherwise(none),
            "Decline Reason": pl.when(pl.col("outcome") == "failed").then("code").otherwise(none),
            "Description": pl.format("Order {}, thank you", "order_no"),
            "Fee": pl.when(paid).then(ids.yuan(pl.col("fee"))).otherwise(none),
            "Refunded date (UTC)": pl.when(refunded).then(_utc("refunded_at")).otherwise(none),
            "Status": pl.when(paid & refunded & whole)
            .then(pl.lit("Refunded"))
            .when(paid)
            .then(pl.lit("Paid"))
            .when(pl.col("outcome") == "failed")
            .then(pl.lit("Failed"))
            .otherwise(pl.lit("requires_payment_method")),
            "Seller Message": pl.when(paid).then(pl.lit("Payment complete.")).otherwise(none),
            "Customer ID": pl.col("customer_id"),
            "Customer Email": pl.format("{}@example.org", pl.col("user_id").str.to_lowercase()),
            "PaymentIntent ID": pl.col("intent_id"),
            "Payment Source Type": pl.when(is_card)
            .then(pl.lit("card"))
            .otherwise(pl.lit("alipay")),
            "Card Brand": pl.when(is_card).then("brand").otherwise(none),
            "Card Funding": pl.when(is_card).then(pl.lit("credit")).otherwise(none),
            "Card Tokenization Method": pl.col("wallet").replace(_TOKENS),
            "Mode": pl.lit("Live"),
            "Is Link": pl.lit("false"),
        },
    )
    absent = [name for name in _PAYMENT_COLUMNS if name not in shown.columns]
    shown = shown.with_columns(none.alias(name) for name in absent)
    return _csv(shown.select(_PAYMENT_COLUMNS).sort("Created date (UTC)", descending=True))


def balance_rows(charges: pl.DataFrame) -> pl.DataFrame:
    """Payments and refunds as the account's balance sees them, by time.

    Columns: at (clock ms), category, gross and fee (Hong Kong cents), txn, source, charge_id,
    intent_id.
    """
    paid = charges.filter(pl.col("outcome") == "succeeded")
    shared = ["charge_id", "intent_id"]
    return pl.concat(
        [
            paid.select(
                "at", pl.lit("charge").alias("category"), pl.col("converted").alias("gross"), "fee",
                pl.format("txn_3Sim{}c", "number").alias("txn"),
                pl.col("charge_id").alias("source"), *shared,
            ),
            paid.filter(pl.col("refunded") > 0).select(
                pl.col("refunded_at").alias("at"), pl.lit("refund").alias("category"),
                -(pl.col("refunded") * pl.col("rate")).round(0).cast(pl.Int64).alias("gross"),
                pl.lit(0, pl.Int64).alias("fee"),
                pl.format("txn_3Sim{}r", "number").alias("txn"),
                pl.format("re_3Sim{}", "number").alias("source"), *shared,
            ),
        ]
    ).sort("at", "txn")  # fmt: skip


def balance_report(moved: pl.DataFrame) -> bytes:
    """The itemised balance report."""
    shown = moved.select(
        pl.col("txn").alias("balance_transaction_id"),
        _utc("at").alias("created_utc"),
        pl.lit("hkd").alias("currency"),
        ids.yuan(pl.col("gross")).alias("gross"),
        ids.yuan(pl.col("fee")).alias("fee"),
        ids.yuan(pl.col("gross") - pl.col("fee")).alias("net"),
        pl.col("category").alias("reporting_category"),
        pl.col("source").alias("source_id"),
        "charge_id",
        pl.col("intent_id").alias("payment_intent_id"),
    )
    return _csv(shown.select(_BALANCE_COLUMNS))


def attempt_log(charges: pl.DataFrame) -> bytes:
    """The shop's own log: which order each of Stripe's payments is for."""
    failed = pl.col("outcome") != "succeeded"
    shown = charges.select(
        pl.format("S{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("attempt_id"),
        pl.col("order_no").alias("merchant_order_id"),
        pl.lit("stripe").alias("provider"),
        "wallet",
        pl.format("{}+08:00", ids.clock(pl.col("at")).str.replace(" ", "T")).alias("attempted_at"),
        pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("succeeded")).alias("outcome"),
        ids.yuan(pl.col("amount")).alias("amount"),
        pl.col("currency").str.to_uppercase().alias("currency"),
        pl.when(pl.col("outcome") == "failed")
        .then("code")
        .otherwise(pl.lit(""))
        .alias("error_code"),
        "user_id",
        pl.col("intent_id").alias("provider_payment_id"),
    )
    return _csv(shown)


def write_exports(story: Story) -> Written:
    """Payments export, balance report and log per month; `planted` tells what they hold."""
    charges = draw_charges(story)
    moved = balance_rows(charges)
    files = []
    for first, after in story.scenario.months():
        part, booked = (_within(rows, first, after) for rows in (charges, moved))
        amount, net = part["amount"].sum(), booked["gross"].sum() - booked["fee"].sum()
        for name, source, data, rows, totals in (
            (f"stripe/unified_payments_{first:%Y-%m}.csv", "stripe_payments",
             payments_export(part), len(part), {"amount": yuan_of(amount)}),
            (f"stripe/balance_{first:%Y-%m}.csv", "stripe_balance",
             balance_report(booked), len(booked), {"net": yuan_of(net)}),
            (f"attempts/payment_attempts_abroad_{first:%Y-%m}.csv", "payment_attempts",
             attempt_log(part), len(part), {"amount": yuan_of(amount)}),
        ):  # fmt: skip
            if not rows:
                continue
            last = after - timedelta(days=1)
            truth = FileTruth(name, source, "stripe", first, last, rows, totals)
            files.append(story.write(name, data, truth))
    paid = charges.filter(pl.col("outcome") == "succeeded")
    return Written(
        files,
        {
            "stripe_attempts": len(charges),
            "stripe_captures": len(paid),
            "stripe_refunds": int((paid["refunded"] > 0).sum()),
            "stripe_apple_pay": int((paid["wallet"] == "apple_pay").sum()),
        },
    )


def _within(rows: pl.DataFrame, first: date, after: date) -> pl.DataFrame:
    at = pl.col("at")
    return rows.filter((at >= day_to_ms(first)) & (at < day_to_ms(after)))


def _utc(column: str) -> pl.Expr:
    return ids.clock(pl.col(column) - UTC_OFFSET_MS)


def _csv(rows: pl.DataFrame) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.iter_rows())
    return text.getvalue().encode()
