"""Transactions of the fraud detection handbook: its simulator run again, or its own daily files.

What belongs here: making and reading the data. What does not: the protocol (`handbook.py`) and the
book's models (`handbook_baselines.py`).
"""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

CUSTOMERS, TERMINALS, DAYS, RADIUS = 5_000, 10_000, 183, 5.0
DAY_SECONDS = 86_400
START = datetime.fromisoformat("2018-04-01")
PUBLISHED = {"transactions": 1_754_155, "frauds": 14_681}
# Seeds of one data set lie closer together than this: customers, terminals, days.
_SEEDS_APART = 1_000_000
_COLUMNS = {
    "TX_DATETIME": ("occurred_at", pl.Datetime("us")),
    "CUSTOMER_ID": ("user_key", pl.Int64),
    "TERMINAL_ID": ("device_key", pl.Int64),
    "TX_AMOUNT": ("paid", pl.Float64),
    "TX_FRAUD": ("is_fraud", pl.Int32),
}


def simulate(number: int = 0) -> pl.DataFrame:
    """The simulator's transactions; 0 has the book's seeds, every other number its own."""
    base = number * _SEEDS_APART
    people = np.random.RandomState(base).uniform(size=(CUSTOMERS, 4))
    terminals = np.random.RandomState(base + 1).uniform(size=(TERMINALS, 2)) * 100
    rows = [_transactions(base, who, *person, terminals) for who, person in enumerate(people)]
    second, amount, terminal, customer = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.argsort(second, kind="stable")
    second, terminal, customer = second[order], terminal[order], customer[order]
    amount = np.round(amount[order], 2)
    is_fraud = amount > 220
    day = second // DAY_SECONDS
    for today in range(int(day.max())):
        stolen = np.random.RandomState(base + today).choice(TERMINALS, size=2, replace=False)
        is_fraud[_hit(day, terminal, stolen, today, 28)] = True
    for today in range(int(day.max())):
        leaked = np.random.RandomState(base + today).choice(CUSTOMERS, size=3, replace=False)
        hit = _hit(day, customer, leaked, today, 14).tolist()
        chosen = random.Random(base + today).sample(hit, k=int(len(hit) / 3))
        amount[chosen] *= 5
        is_fraud[chosen] = True
    return pl.DataFrame(
        {
            "occurred_at": np.datetime64(START, "us") + second * np.timedelta64(1, "s"),
            "user_key": customer,
            "device_key": terminal,
            "paid": amount,
            "is_fraud": is_fraud.astype(np.int32),
        }
    )


def _transactions(
    base: int, number: int, x: float, y: float, spend: float, often: float, terminals: np.ndarray
) -> tuple[np.ndarray, ...]:
    """One customer's seconds, amounts, terminals and number; draws depend on those before."""
    mean, per_day = 5 + 95 * spend, 4 * often
    distance = np.sqrt(((np.array([x, y]) * 100 - terminals) ** 2).sum(axis=1))
    near = np.flatnonzero(distance < RADIUS).tolist()
    draw, pick = np.random.RandomState(base + number), random.Random(base + number)
    seconds, amounts, places = [], [], []
    for day in range(DAYS):
        for _ in range(draw.poisson(per_day)):
            second = int(draw.normal(DAY_SECONDS / 2, 20_000))
            if not 0 < second < DAY_SECONDS:
                continue
            amount = draw.normal(mean, mean / 2)
            if amount < 0:
                amount = draw.uniform(0, mean * 2)
            if near:
                seconds.append(day * DAY_SECONDS + second)
                amounts.append(amount)
                places.append(pick.choice(near))
    return (
        np.array(seconds, np.int64),
        np.array(amounts, float),
        np.array(places, np.int64),
        np.full(len(seconds), number),
    )


def _hit(
    day: np.ndarray, keys: np.ndarray, chosen: np.ndarray, first: int, days: int
) -> np.ndarray:
    """Places of the transactions of chosen keys from a day on; `day` is sorted."""
    begin, end = np.searchsorted(day, [first, first + days])
    return begin + np.flatnonzero(np.isin(keys[begin:end], chosen))


def read(folder: Path) -> pl.DataFrame:
    """The book's daily files, pickles of pandas frames: a pickle can run code, trust its source.

    Raises:
        SystemExit: the folder, a file's columns or days of the protocol are missing; it says which.
    """
    import pandas as pd

    advice = "Give the folder `data` of Fraud-Detection-Handbook/simulated-data-raw."
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not a folder. {advice} Nothing was measured.")
    files = sorted(folder.glob("*.pkl"))
    if not files:
        raise SystemExit(f"{folder} holds no .pkl files. {advice} Nothing was measured.")
    frames = []
    for file in files:
        try:
            frame = pd.read_pickle(file)
        except Exception as error:
            raise SystemExit(
                f"{file} is no pickle that pandas {pd.__version__} reads ({error}). A file of Git"
                " LFS must be fetched first. Nothing was measured."
            ) from error
        missing = [name for name in _COLUMNS if name not in getattr(frame, "columns", ())]
        if missing:
            raise SystemExit(f"{file} lacks {', '.join(missing)}. {advice} Nothing was measured.")
        # Some of the book's columns are numbers stored as objects.
        frames.append(
            pl.DataFrame(
                {name: frame[name].to_numpy() for name in ("TX_DATETIME", "TX_AMOUNT")}
                | {
                    name: frame[name].astype("int64").to_numpy()
                    for name in ("CUSTOMER_ID", "TERMINAL_ID", "TX_FRAUD")
                }
            )
        )
    data = pl.concat(frames).select(
        pl.col(given).cast(kind).alias(name) for given, (name, kind) in _COLUMNS.items()
    )
    days = data["occurred_at"].dt.date().n_unique()
    if days < DAYS:
        raise SystemExit(
            f"{folder} holds {days} days, the data set has {DAYS}: some files are missing."
            " Nothing was measured."
        )
    return data
