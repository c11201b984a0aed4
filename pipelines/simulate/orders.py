"""Orders: who wants to pay how much for what, when and where.

What belongs here: one row per order before any payment attempt. What does not: whether the payment
works (`failure_model`, `attempts`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.scenario import DAY_MS, HOUR_MS, RELEASES, Scenario

_TEST_SHARE = 0.004


def draw_orders(
    rng: np.random.Generator, users: pl.DataFrame, scenario: Scenario
) -> dict[str, np.ndarray]:
    """One entry per order in every array, sorted by time.

    Keys: user, placed_at (clock ms), amount (cents), product (row of merchant.PRODUCTS), wallet
    (first choice), channel, method, os, app_version ('' where there is none), region, language,
    bank, device (number, -1 at a till), is_new_device, is_identified, is_test, store (row of
    merchant.STORES, -1 online), hardship.
    """
    user = np.repeat(users["user"].to_numpy(), users["orders"].to_numpy())
    placed = _place(rng, users, user, scenario)
    ranking = np.argsort(placed, kind="stable")
    user, placed = user[ranking], placed[ranking]
    size = len(user)
    person = {name: users[name].to_numpy()[user] for name in users.columns if name != "user"}
    usual = rng.random(size) < 0.88
    channel = np.where(usual, person["channel"], merchant.draw(rng, "channel", size)).astype("U12")
    other = np.where(person["wallet"] == "alipay", "wechat_pay", "alipay")
    loyal = rng.random(size) < person["loyalty"]
    at_till = channel == "pos"
    store = np.where(at_till, merchant.pick(rng, merchant.STORES["share"].to_numpy(), size), -1)
    is_test = rng.random(size) < _TEST_SHARE
    product = merchant.pick(rng, merchant.PRODUCTS["share"].to_numpy(), size)
    device, is_new = _devices(rng, user, person, placed, at_till, scenario)
    guest = np.select([at_till, channel == "web"], [0.5, 0.15], 0.0)
    return {
        "user": user,
        "placed_at": placed,
        "product": product,
        "amount": np.where(is_test, 1, _amounts(rng, product)),
        "wallet": np.where(loyal, person["wallet"], other).astype("U10"),
        "channel": channel,
        "os": np.where(at_till, "", person["os"]).astype("U9"),
        "app_version": _versions(person["update_lag"], placed, channel, scenario),
        "region": person["region"].astype("U5"),
        "language": person["language"].astype("U5"),
        "bank": person["bank"].astype("U11"),
        "device": device,
        "is_new_device": is_new,
        "is_identified": rng.random(size) >= guest,
        "is_test": is_test,
        "store": store,
        "hardship": person["hardship"].astype(float),
    }


def _place(
    rng: np.random.Generator, users: pl.DataFrame, user: np.ndarray, scenario: Scenario
) -> np.ndarray:
    """Moment of every order: within its user's time as a customer, in the period's rhythm."""
    bounds = np.concatenate([[0.0], np.cumsum(scenario.day_shares())])
    edges = np.arange(scenario.days + 1)
    low = np.interp(users["join_day"].to_numpy(), edges, bounds)[user]
    high = np.interp(users["leave_day"].to_numpy(), edges, bounds)[user]
    position = low + rng.random(len(user)) * (high - low)
    day = np.clip(np.searchsorted(bounds, position, side="right") - 1, 0, scenario.days - 1)
    weekday = (scenario.start.weekday() + day) % 7
    hour_bounds = np.cumsum(scenario.hour_shares(), axis=1)[weekday]
    hour = np.minimum((rng.random(len(user))[:, None] > hour_bounds).sum(axis=1), 23)
    within = rng.integers(0, HOUR_MS, len(user))
    placed = scenario.start_ms + day * DAY_MS + hour * HOUR_MS + within
    # Room for retries before the log's last midnight.
    return np.where(placed > scenario.end_ms - HOUR_MS, placed - HOUR_MS, placed)


def _amounts(rng: np.random.Generator, product: np.ndarray) -> np.ndarray:
    median = merchant.PRODUCTS["median_cents"].to_numpy()[product]
    return np.maximum(1, np.rint(median * rng.lognormal(0.0, 0.45, len(product)))).astype(np.int64)


def _versions(
    lag: np.ndarray, placed: np.ndarray, channel: np.ndarray, scenario: Scenario
) -> np.ndarray:
    """Version in use: the newest one that is out for longer than the user's delay to update."""
    day = (placed - scenario.start_ms) / DAY_MS
    version = np.full(len(placed), RELEASES[0][0], dtype="U6")
    for name, part in RELEASES[1:]:
        version[day - lag >= part * scenario.days] = name
    # A mini program is updated by the wallet itself, at once.
    mini = np.where(day < scenario.days / 2, "m3.1", "m3.2")
    return np.select([channel == "app", channel == "mini_program"], [version, mini], "")


def _devices(
    rng: np.random.Generator,
    user: np.ndarray,
    person: dict[str, np.ndarray],
    placed: np.ndarray,
    at_till: np.ndarray,
    scenario: Scenario,
) -> tuple[np.ndarray, np.ndarray]:
    """Device number and whether the merchant sees it for the first time with this user."""
    day = (placed - scenario.start_ms) / DAY_MS
    slot = (day >= person["switch_day"]).astype(np.int64)
    slot[rng.random(len(user)) < 0.02] = 2
    device = np.where(at_till, -1, user * 4 + slot)
    first = pl.Series(device).is_first_distinct().to_numpy()
    familiar = person["is_known"].astype(bool) & (slot == 0)
    return device, first & ~familiar & ~at_till
