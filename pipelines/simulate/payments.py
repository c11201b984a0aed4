"""Payments as the providers know them: what the bills confirm, with coupons and fees.

What belongs here: one row per payment that moved money, whether or not the merchant's log saw it.
What does not: refunds, and the columns of a bill.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate import ids, merchant, population
from pipelines.simulate.scenario import DAY_MS, HOUR_MS, Scenario

FEE_PER_MILLE = 6
# Tills of an older system take payments that never reach the merchant's attempt log.
_UNLOGGED = {"wechat_pay": 0.025, "alipay": 0.01}
_BEFORE_PERIOD = 0.006
_TRADE_TYPES = {"app": "APP", "mini_program": "JSAPI", "web": "NATIVE", "pos": "MICROPAY"}


def order_numbers(orders: dict[str, np.ndarray]) -> pl.Series:
    """The merchant's number of every order: day and a running number."""
    return pl.select(
        pl.format(
            "WA{}{}",
            ids.day_digits(pl.Series(orders["placed_at"])),
            pl.Series(np.arange(len(orders["placed_at"])) + 1).cast(pl.String).str.zfill(8),
        )
    ).to_series()


def draw_payments(
    rng: np.random.Generator,
    orders: dict[str, np.ndarray],
    attempts: pl.DataFrame,
    users: pl.DataFrame,
    scenario: Scenario,
) -> pl.DataFrame:
    """One row per payment, those before the period (`is_before_period`) included.

    Columns: provider, order_no, transaction_id, channel, trade_type, app_id, openid,
    masked_account, bank, product (text), refund_rate, store (row of merchant.STORES, -1 online),
    created_at and paid_at (clock ms), amount, settled, coupon, recharge_coupon, merchant_discount,
    wallet_discount, fee (cents; fee positive), has_attempt, is_before_period.
    """
    logged = _confirmed_attempts(rng, orders, attempts, scenario)
    unlogged = [_till_sales(rng, logged, wallet, users, scenario) for wallet in _UNLOGGED]
    earlier = _before_period(rng, logged, scenario)
    rows = pl.concat([logged, *unlogged, earlier], how="vertical_relaxed")
    return _with_numbers(_with_money(rng, _with_buyers(rng, rows, users)))


def _confirmed_attempts(
    rng: np.random.Generator,
    orders: dict[str, np.ndarray],
    attempts: pl.DataFrame,
    scenario: Scenario,
) -> pl.DataFrame:
    """The paid attempts; test traffic runs in the providers' sandboxes and is in no bill."""
    paid = attempts.filter(
        pl.col("is_paid") & ~pl.Series(orders["is_test"])[attempts["order"].to_numpy()]
    )
    index = paid["order"].to_numpy()
    started = paid["started_at"].to_numpy()
    wait = np.clip(rng.lognormal(np.log(240_000), 1.2, len(index)), 5_000, 6 * HOUR_MS)
    ended = started + paid["latency"].to_numpy() + paid["is_late"].to_numpy() * wait.astype(int)
    return pl.DataFrame(
        {
            "provider": paid["wallet"],
            "order_no": order_numbers(orders).gather(index),
            "user": orders["user"][index],
            "channel": orders["channel"][index],
            "bank": orders["bank"][index],
            "product": orders["product"][index],
            "store": orders["store"][index],
            "created_at": started,
            "paid_at": np.minimum(ended, scenario.end_ms - 1_000),
            "amount": orders["amount"][index],
            "has_attempt": True,
            "is_before_period": False,
        }
    )


def _till_sales(
    rng: np.random.Generator,
    logged: pl.DataFrame,
    wallet: str,
    users: pl.DataFrame,
    scenario: Scenario,
) -> pl.DataFrame:
    """Payments at tills outside the log: half by known users, half by people seen nowhere else."""
    size = round((logged["provider"] == wallet).sum() * _UNLOGGED[wallet])
    day = merchant.pick(rng, scenario.day_shares(), size)
    at = scenario.start_ms + day * DAY_MS + rng.integers(9 * HOUR_MS, 21 * HOUR_MS, size)
    stranger = rng.random(size) < 0.5
    product = merchant.pick(rng, merchant.PRODUCTS["share"].to_numpy()[:7], size)
    median = merchant.PRODUCTS["median_cents"].to_numpy()[product]
    number = pl.Series(np.arange(size) + 1).cast(pl.String).str.zfill(7)
    prefix = "W" if wallet == "wechat_pay" else "A"
    return pl.DataFrame(
        {
            "provider": np.full(size, wallet),
            "order_no": pl.select(
                pl.format("TILL{}{}{}", pl.lit(prefix), ids.day_digits(pl.Series(at)), number)
            ).to_series(),
            "user": np.where(stranger, -1 - np.arange(size), rng.integers(0, len(users), size)),
            "channel": np.full(size, "pos"),
            "bank": merchant.draw(rng, "bank", size),
            "product": product,
            "store": merchant.pick(rng, merchant.STORES["share"].to_numpy(), size),
            "created_at": at,
            "paid_at": at + rng.integers(400, 3_000, size),
            "amount": np.rint(median * rng.lognormal(0, 0.3, size)).astype(np.int64),
            "has_attempt": np.full(size, False),
            "is_before_period": np.full(size, False),
        }
    )


def _before_period(
    rng: np.random.Generator, logged: pl.DataFrame, scenario: Scenario
) -> pl.DataFrame:
    """Payments of the two months before: no file has them, but their refunds still come."""
    size = max(4, round(len(logged) * _BEFORE_PERIOD))
    rows = logged[np.sort(rng.choice(len(logged), min(size, len(logged)), replace=False))]
    paid = scenario.start_ms - rng.integers(1, 60 * DAY_MS, len(rows))
    number = pl.Series(np.arange(len(rows)) + 1).cast(pl.String).str.zfill(8)
    return rows.with_columns(
        pl.format("WA{}9{}", ids.day_digits(pl.Series(paid)), number.str.slice(1)).alias(
            "order_no"
        ),
        pl.Series("created_at", paid - 8_000),
        pl.Series("paid_at", paid),
        pl.lit(False).alias("has_attempt"),
        pl.lit(True).alias("is_before_period"),
    )


def _with_buyers(rng: np.random.Generator, rows: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """What each provider shows of the buyer; strangers get an identity of their own."""
    user = rows["user"].to_numpy()
    known = np.maximum(user, 0)
    app = rows["channel"].to_numpy() == "app"
    openid = np.where(
        app, users["openid_app"].to_numpy()[known], users["openid_mini_program"].to_numpy()[known]
    )
    openid = np.where(user < 0, population.draw_openids(rng, len(rows)), openid)
    wechat = pl.col("provider") == "wechat_pay"
    return rows.with_columns(
        pl.when(wechat).then(pl.Series(openid)).alias("openid"),
        pl.when(wechat & (pl.col("channel") == "app"))
        .then(pl.lit(merchant.WECHAT_APPS["app"]))
        .when(wechat)
        .then(pl.lit(merchant.WECHAT_APPS["mini_program"]))
        .alias("app_id"),
        pl.when(~wechat).then(users["masked_account"].gather(known)).alias("masked_account"),
        pl.col("channel").replace_strict(_TRADE_TYPES).alias("trade_type"),
        merchant.PRODUCTS["refund_rate"].gather(rows["product"]).alias("refund_rate"),
        merchant.PRODUCTS["product"].gather(rows["product"]).alias("product"),
    )


def _with_money(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Coupons, discounts, settled amount and fee.

    WeChat: a coupon the merchant funds lowers the settled amount, a recharged one does not. Alipay:
    the merchant's discount lowers what is received, Alipay's own does not. Fees are 0.60 % of what
    is settled, rounded half up to the cent.
    """
    size = len(rows)
    amount = rows["amount"].to_numpy()
    wechat = (rows["provider"] == "wechat_pay").to_numpy()
    part = np.floor(amount * rng.uniform(0.05, 0.2, size)).astype(np.int64)
    kind = rng.random(size)
    coupon = np.where(wechat & (kind < 0.04), part, 0)
    recharge = coupon * (kind < 0.015)
    merchant_discount = np.where(~wechat & (kind < 0.04), part, 0)
    wallet_discount = np.where(~wechat & (kind > 0.97), part, 0)
    settled = amount - (coupon - recharge) - merchant_discount
    return rows.with_columns(
        pl.Series("settled", settled),
        pl.Series("coupon", coupon),
        pl.Series("recharge_coupon", recharge),
        pl.Series("merchant_discount", merchant_discount),
        pl.Series("wallet_discount", wallet_discount),
        pl.Series("fee", fee_of(settled)),
    )


def fee_of(cents: np.ndarray) -> np.ndarray:
    """Fee in cents of amounts in cents, half up."""
    return (cents * FEE_PER_MILLE + 500) // 1000


def _with_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """The providers' own 28-digit numbers, which begin with a prefix or with the day."""
    running = pl.int_range(pl.len())
    day = ids.day_digits(pl.col("paid_at"))
    wechat = pl.format("4200{}{}{}", pl.lit("002817"), day, ids.scattered(running))
    alipay = pl.format("{}22001{}{}", day, pl.lit("40501"), ids.scattered(running))
    return rows.with_columns(
        pl.when(pl.col("provider") == "wechat_pay")
        .then(wechat)
        .otherwise(alipay)
        .alias("transaction_id"),
        ids.scattered(running * 3 + 1).alias("file_order"),
    )
