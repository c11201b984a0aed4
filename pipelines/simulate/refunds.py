"""Refunds of payments: full, partial, repeated, late, and those whose payment is in no file.

What belongs here: one row per refund event. What does not: the columns of a bill.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate import ids
from pipelines.simulate.payments import fee_of
from pipelines.simulate.scenario import DAY_MS, HOUR_MS, Scenario

_LATE_SHARE = 0.12
_FAILED_SHARE = 0.006
# A micropay the till gave up waiting for is reversed within the minute.
_REVOKED_SHARE = 0.01


def draw_refunds(
    rng: np.random.Generator, payments: pl.DataFrame, scenario: Scenario
) -> pl.DataFrame:
    """One row per refund accepted within the period.

    Columns: payment (row of `payments`), number (1 to 3 within the payment), refund_id (WeChat's),
    request_no (the merchant's), kind (refund | revocation), accepted_at and completed_at (clock ms,
    null when not completed), status (SUCCESS | PROCESSING | FAIL as the bill of that day shows),
    requested, settled, coupon, recharge_coupon, merchant_discount, wallet_discount,
    fee (cents, all positive), is_full, is_orphan, file_order.
    """
    revoked = _revoked(rng, payments)
    chance = payments["refund_rate"].to_numpy()
    wanted = payments["is_before_period"].to_numpy() | (rng.random(len(chance)) < chance)
    payment = np.flatnonzero(wanted | revoked)
    revoked = revoked[payment]
    parts = _parts(rng, payments["amount"].to_numpy()[payment], revoked)
    accepted = _moments(rng, payments[payment], revoked, scenario)
    row, column = np.nonzero(parts[:, 1:] > parts[:, :-1])
    source = payments[payment[row]]
    money = {
        name: _share(source, name, parts[row, column], parts[row, column + 1])
        for name in (
            "amount", "settled", "coupon", "recharge_coupon", "merchant_discount",
            "wallet_discount",
        )
    }  # fmt: skip
    accepted = accepted[row, column]
    frame = pl.DataFrame(
        {
            "payment": payment[row],
            "number": column + 1,
            "kind": np.where(revoked[row], "revocation", "refund"),
            "accepted_at": accepted,
            "requested": money.pop("amount"),
            **money,
            "fee": fee_of(money["settled"]),
            "is_full": (column == 0) & (parts[row, 1] == parts[row, -1]),
            "is_orphan": source["is_before_period"],
        }
    ).filter(pl.Series((accepted >= scenario.start_ms) & (accepted < scenario.end_ms)))
    return _with_numbers(_with_status(rng, frame), payments)


def _revoked(rng: np.random.Generator, payments: pl.DataFrame) -> np.ndarray:
    at_till = payments.select(
        (pl.col("trade_type") == "MICROPAY")
        & (pl.col("provider") == "wechat_pay")
        & ~pl.col("is_before_period")
    ).to_series()
    return at_till.to_numpy() & (rng.random(len(payments)) < _REVOKED_SHARE)


def _parts(rng: np.random.Generator, amount: np.ndarray, revoked: np.ndarray) -> np.ndarray:
    """Cents refunded in all after 0, 1, 2 and 3 refunds, shape (payments, 4), never falling."""
    size = len(amount)
    kind = rng.random(size)
    first = rng.uniform(0.1, 0.6, size)
    second = first + (1 - first) * rng.uniform(0.2, 0.8, size)
    third = np.where(rng.random(size) < 0.4, 1.0, second)
    single, repeated = kind < 0.85, rng.random(size) < 0.5
    first = np.where((kind < 0.6) | revoked, 1.0, first)
    second = np.where((first == 1.0) | single, first, second)
    third = np.where(single | repeated | (first == 1.0), second, third)
    shares = np.column_stack([np.zeros(size), first, second, third])
    return np.floor(amount[:, None] * shares + 1e-9).astype(np.int64)


def _moments(
    rng: np.random.Generator, payments: pl.DataFrame, revoked: np.ndarray, scenario: Scenario
) -> np.ndarray:
    """When each refund is accepted, shape (payments, 3), rising; weeks later for some."""
    size = len(payments)
    delay = np.clip(rng.lognormal(np.log(1.6), 1.3, size), 0.01, 15) * DAY_MS
    delay += np.where(rng.random(size) < _LATE_SHARE, rng.uniform(20, 65, size) * DAY_MS, 0.0)
    delay = np.where(revoked, rng.uniform(15_000, 60_000, size), delay)
    first = payments["paid_at"].to_numpy() + delay
    # Payments from before the period are here for refunds that arrive in its first weeks.
    early = scenario.start_ms + rng.uniform(0, 25 * DAY_MS, size)
    first = np.where(payments["is_before_period"].to_numpy(), early, first)
    second = first + rng.uniform(2 * HOUR_MS, 8 * DAY_MS, size)
    third = second + rng.uniform(2 * HOUR_MS, 8 * DAY_MS, size)
    return np.column_stack([first, second, third]).astype(np.int64)


def _share(payments: pl.DataFrame, name: str, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Part of one amount of the payment that belongs to a refund.

    Rounded on the running total, so that all parts of a full refund add up to the cent.
    """
    total, value = payments["amount"].to_numpy(), payments[name].to_numpy()
    return (after * value + total // 2) // total - (before * value + total // 2) // total


def _with_status(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Turnaround, and the status frozen in the bill made at ten the next morning."""
    size = len(frame)
    accepted = frame["accepted_at"].to_numpy()
    to_balance = rng.random(size) < 0.6
    turnaround = np.where(
        to_balance,
        rng.lognormal(np.log(90_000), 1.0, size),
        rng.lognormal(np.log(1.1 * DAY_MS), 0.6, size),
    )
    revoked = (frame["kind"] == "revocation").to_numpy()
    completed = accepted + np.where(revoked, 1_000, np.maximum(turnaround, 2_000)).astype(np.int64)
    failed = (rng.random(size) < _FAILED_SHARE) & ~revoked
    bill_made = (accepted // DAY_MS + 1) * DAY_MS + 10 * HOUR_MS
    status = np.select([failed, completed >= bill_made], ["FAIL", "PROCESSING"], "SUCCESS")
    return frame.with_columns(
        pl.Series("status", status),
        pl.when(pl.Series(status) == "SUCCESS").then(pl.Series(completed)).alias("completed_at"),
    )


def _with_numbers(frame: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """WeChat's refund id, and the merchant's request number.

    Merchants may leave the request number out of a full Alipay refund; the bill then shows the
    order number in its place.
    """
    running = pl.int_range(pl.len())
    order_no = payments["order_no"].gather(frame["payment"])
    alipay = payments["provider"].gather(frame["payment"]) == "alipay"
    own = pl.format("R{}-{}", order_no, pl.col("number"))
    bare = pl.Series(alipay) & pl.col("is_full") & (running % 2 == 0)
    return frame.with_columns(
        pl.format(
            "5030{}{}{}",
            pl.lit("110281"),
            ids.day_digits(pl.col("accepted_at")),
            ids.scattered(running),
        ).alias("refund_id"),
        pl.when(bare).then(order_no).otherwise(own).alias("request_no"),
        ids.scattered(running * 3 + 2).alias("file_order"),
    )
