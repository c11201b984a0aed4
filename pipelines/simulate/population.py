"""The merchant's users: how often they buy, since when, with what.

What belongs here: one row per user. What does not: single orders.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.scenario import Scenario

_OPENID_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8
)
_GIVEN_NAMES = np.array(list("明华丽强芳伟静磊敏洋娟杰涛玲超霞鹏波"))


def draw_users(rng: np.random.Generator, orders: int, scenario: Scenario) -> pl.DataFrame:
    """One row per user, with `orders` orders between them.

    Columns: user (row number), user_id, orders, join_day and leave_day (days from the start),
    wallet, loyalty, channel, os, language, region, bank, update_lag (days), switch_day (of the
    device; far away for most), hardship (log-odds), openid_app, openid_mini_program, masked_account
    (as Alipay prints it).
    """
    counts = _order_counts(rng, orders)
    size = len(counts)
    days = scenario.days
    # Frequent users mostly come from before the period; the others join as it goes on.
    known = rng.random(size) < np.where(counts > 3, 0.65, 0.35)
    join = np.where(known, 0.0, days * rng.random(size) ** 1.4)
    stays = join + rng.exponential(20.0 + 12.0 * counts)
    leave = np.minimum(days, np.where(known & (rng.random(size) < 0.7), days, stays))
    return pl.DataFrame(
        {
            "user": np.arange(size),
            "is_known": known,
            "orders": counts,
            "join_day": join,
            "leave_day": leave,
            "wallet": np.where(rng.random(size) < 0.44, "alipay", "wechat_pay"),
            "loyalty": rng.beta(6.0, 0.8, size),
            "channel": merchant.draw(rng, "channel", size),
            "os": merchant.draw(rng, "os", size),
            "language": merchant.draw(rng, "language", size),
            "region": merchant.draw(rng, "region", size),
            "bank": merchant.draw(rng, "bank", size),
            "update_lag": rng.exponential(7.0, size),
            "switch_day": np.where(rng.random(size) < 0.2, rng.random(size) * days, 10.0 * days),
            "hardship": rng.normal(0.0, 0.45, size),
            "openid_app": draw_openids(rng, size),
            "openid_mini_program": draw_openids(rng, size),
            "masked_account": _masked_accounts(rng, size),
        }
    ).with_columns(pl.format("C{}", pl.col("user").cast(pl.String).str.zfill(7)).alias("user_id"))


def draw_openids(rng: np.random.Generator, size: int) -> np.ndarray:
    """WeChat openids: `o` and 27 characters of the URL-safe alphabet, shape (size,)."""
    letters = _OPENID_ALPHABET[rng.integers(0, 64, (size, 28))]
    letters[:, 0] = ord("o")
    return np.ascontiguousarray(letters).view("S28").ravel().astype("U28")


def _order_counts(rng: np.random.Generator, orders: int) -> np.ndarray:
    """Orders per user, summing to `orders`: many once, some often, a few very often."""
    rate = rng.gamma(0.55, 10.0, orders)
    counts = np.where(rng.random(orders) < 0.52, 1, 1 + rng.poisson(rate))
    total = np.cumsum(counts)
    last = int(np.searchsorted(total, orders))
    counts = counts[: last + 1]
    counts[last] -= total[last] - orders
    return counts


def _masked_accounts(rng: np.random.Generator, size: int) -> np.ndarray:
    """Buyer accounts the way Alipay masks them: `*明(138****0123)`; two users may share one."""
    prefix = np.char.mod("%d", 130 + rng.integers(0, 60, size))
    suffix = np.char.mod("%04d", rng.integers(0, 10_000, size))
    name = _GIVEN_NAMES[rng.integers(0, len(_GIVEN_NAMES), size)]
    shown = pl.select(
        pl.format("*{}({}****{})", pl.Series(name), pl.Series(prefix), pl.Series(suffix))
    )
    return shown.to_series().to_numpy()
