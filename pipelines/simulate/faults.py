"""Faults that a user of `wallet simulate` plants: which attempts fail more, when and how much.

What belongs here: one fault, read from text and applied to attempts. What does not: the faults that
every simulation has (`scenario`, `failure_model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipelines.simulate import merchant

PLACES = ("wallet", "channel", "os", "app_version", "region", "bank")
_WHEN = ("start", "hours", "odds")


@dataclass(frozen=True)
class Fault:
    """Attempts with all these values fail more from `start` to `end` (Shanghai wall clock).

    `odds` multiplies the odds of a failure: 8 makes 10 % into 47 %.
    """

    where: tuple[tuple[str, str], ...]
    start: datetime
    end: datetime
    odds: float

    def hits(
        self,
        orders: dict[str, np.ndarray],
        index: np.ndarray,
        wallet: np.ndarray,
        moment: np.ndarray,
    ) -> np.ndarray:
        """True where an attempt for the orders at `index` meets the fault.

        `moment` is the attempt's wall-clock time as datetime64.
        """
        met = (moment >= np.datetime64(self.start)) & (moment < np.datetime64(self.end))
        for name, value in self.where:
            met &= (wallet if name == "wallet" else orders[name][index]) == value
        return met


def read_fault(text: str) -> Fault:
    """A fault from `wallet=wechat_pay,region=CN-GD,start=2026-02-10T17:00,hours=6,odds=8`.

    Raises ValueError saying what is wrong and how it is written.
    """
    parts = dict(part.strip().partition("=")[::2] for part in text.split(","))
    unknown = sorted(set(parts) - {*PLACES, *_WHEN})
    if unknown or "start" not in parts:
        problem = f"does not know {', '.join(unknown)}" if unknown else "lacks start"
        raise ValueError(
            f"fault {text!r} {problem}: write start=2026-02-10T17:00, hours=6, odds=8 and any of "
            f"{', '.join(PLACES)}, joined by commas"
        )
    try:
        start = datetime.fromisoformat(parts["start"])
        hours, odds = float(parts.get("hours", 6)), float(parts.get("odds", 8))
    except ValueError as error:
        raise ValueError(f"fault {text!r}: {error}") from None
    if start.tzinfo or hours <= 0 or odds <= 0:
        raise ValueError(
            f"fault {text!r}: start is Shanghai wall-clock time without an offset, hours and odds"
            " are above 0"
        )
    where = tuple((name, parts[name]) for name in PLACES if name in parts)
    for name, value in where:
        known = {entry[0] for entry in merchant.CHOICES.get(name, [])}
        if known and value not in known:
            raise ValueError(f"fault {text!r}: {name} is one of {', '.join(sorted(known))}")
    return Fault(where, start, start + timedelta(hours=hours), odds)
