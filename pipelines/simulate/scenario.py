"""The calendar of a simulation and the faults planted in it.

What belongs here: period, app releases, the provider incident, busy days and hours. What does not:
anything drawn per user or per order.

All clock values of the simulation are whole milliseconds of Asia/Shanghai wall-clock time counted
from 1970-01-01 (China has one zone and no summer time, so eight hours less is UTC).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from pipelines.simulate.faults import Fault

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
UTC_OFFSET_MS = 8 * HOUR_MS

# Share of a day's orders per hour: breakfast, lunch and evening peaks; weekends start late.
_WEEKDAY_HOURS = np.array(
    [1.0, 0.5, 0.3, 0.2, 0.2, 0.4, 1.2, 3.2, 4.6, 4.4, 4.6, 6.4]
    + [7.8, 5.6, 4.2, 4.2, 4.4, 5.6, 7.2, 7.8, 8.6, 8.0, 5.6, 2.6]
)
_WEEKEND_HOURS = np.array(
    [2.0, 1.2, 0.7, 0.4, 0.3, 0.4, 0.7, 1.6, 3.2, 5.0, 6.2, 6.8]
    + [6.8, 6.2, 6.4, 6.6, 6.4, 6.0, 6.8, 7.4, 7.6, 6.8, 4.6, 3.0]
)
_WEEKDAYS = np.array([0.92, 0.9, 0.94, 0.98, 1.12, 1.25, 1.15])
# Part of the period after which each version of the merchant's app is out.
RELEASES = (("8.4.0", -1.0), ("8.5.0", 0.2), ("8.6.0", 0.42), ("8.6.1", 0.72))
BAD_VERSION = "8.6.0"


@dataclass(frozen=True)
class Scenario:
    """One simulated period with its planted faults.

    `start` and `end` (exclusive) are business days; the incident's bounds are Shanghai wall-clock.
    `faults` come on top of the incident and the bad app version, which `has_usual_faults` plants.
    """

    seed: int
    start: date
    end: date
    incident_wallet: str
    incident_start: datetime
    incident_end: datetime
    sale_day: date
    faults: tuple[Fault, ...] = ()
    has_usual_faults: bool = True

    @property
    def days(self) -> int:
        """Number of business days."""
        return (self.end - self.start).days

    @property
    def start_ms(self) -> int:
        """First millisecond of the period."""
        return day_to_ms(self.start)

    @property
    def end_ms(self) -> int:
        """First millisecond after the period."""
        return day_to_ms(self.end)

    def months(self) -> list[tuple[date, date]]:
        """First day and first day after, of every calendar month of the period."""
        firsts = [self.start]
        while (following := next_month(firsts[-1])) < self.end:
            firsts.append(following)
        return list(zip(firsts, [*firsts[1:], self.end], strict=True))

    def day_shares(self) -> np.ndarray:
        """Share of the period's orders on each day: weekday rhythm, slow growth, one sale."""
        index = np.arange(self.days)
        shares = _WEEKDAYS[(self.start.weekday() + index) % 7] * (1 + 0.15 * index / self.days)
        shares[(self.sale_day - self.start).days] *= 2.2
        return shares / shares.sum()

    def hour_shares(self) -> np.ndarray:
        """Share of a day's orders per hour, shape (7, 24), Monday first."""
        table = np.vstack([_WEEKDAY_HOURS] * 5 + [_WEEKEND_HOURS] * 2)
        return table / table.sum(axis=1, keepdims=True)

    def in_incident(self, wallet: np.ndarray, clock_ms: np.ndarray) -> np.ndarray:
        """True where an attempt with that wallet at that moment meets the incident."""
        if not self.has_usual_faults:
            return np.zeros(len(wallet), dtype=bool)
        begins, ends = to_ms(self.incident_start), to_ms(self.incident_end)
        return (wallet == self.incident_wallet) & (clock_ms >= begins) & (clock_ms < ends)


def build_scenario(
    seed: int,
    start: date,
    months: int,
    faults: tuple[Fault, ...] = (),
    has_usual_faults: bool = True,
) -> Scenario:
    """Lay out a period of whole months from `start` (any day) with its faults.

    Raises ValueError when `months` is not between 1 and 24.
    """
    if not 1 <= months <= 24:
        raise ValueError(f"months must be between 1 and 24, got {months}")
    end = start
    for _ in range(months):
        end = next_month(end)
    days = (end - start).days
    incident_day = start + timedelta(days=int(days * 0.55))
    return Scenario(
        seed=seed,
        start=start,
        end=end,
        incident_wallet="wechat_pay",
        incident_start=datetime.combine(incident_day, time(17)),
        incident_end=datetime.combine(incident_day, time(23)),
        sale_day=start + timedelta(days=int(days * 0.8)),
        faults=faults,
        has_usual_faults=has_usual_faults,
    )


def next_month(day: date) -> date:
    """First day of the month after `day`'s."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def day_to_ms(day: date) -> int:
    """Midnight of a business day on the simulation's clock."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def to_ms(moment: datetime) -> int:
    """A Shanghai wall-clock moment on the simulation's clock."""
    midnight = datetime.combine(moment.date(), time(0))
    return day_to_ms(moment.date()) + (moment - midnight) // timedelta(milliseconds=1)
