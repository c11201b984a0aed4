"""Drops of the success rate: which windows are compared with which.

What belongs here: the windows of each drop, and which alarms are one incident. What does not: how a
rise is noticed (`detection.py`) and what is behind it (`drop_causes.py`).

Two kinds of drop are looked into: alarms, against the same weekdays and hours of the eight weeks
before, and the newest week against the four weeks before it, alarm or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipelines.failures.detection import Alarm

WEEK = timedelta(days=7)
ALARM_WEEKS, COMPARED_WEEKS = 8, 4
# Alarms closer than this are one incident seen in several series.
SAME_INCIDENT = timedelta(hours=1)
# The costliest incidents are looked into; a merchant with more has one cause behind many.
MOST_EXAMINED = 12

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Drop:
    """One comparison: the attempts of `now` against those of the windows `before`; times are UTC.

    `alarm` is the alarm that asked for it; None for the newest week.
    """

    drop_id: str
    kind: Literal["alarm", "week"]
    now: Window
    before: tuple[Window, ...]
    alarm: Alarm | None = None


def drops_to_examine(alarms: list[Alarm], newest: datetime) -> list[Drop]:
    """The newest week, and the costliest incidents in order of time.

    Args:
        alarms: all alarms.
        newest: first moment (UTC) after the newest business day.
    """
    week = Drop(
        f"week-{newest - WEEK:%Y%m%d}",
        "week",
        (newest - WEEK, newest),
        tuple((newest - (n + 1) * WEEK, newest - n * WEEK) for n in range(1, COMPARED_WEEKS + 1)),
    )
    costly = sorted(merge_alarms(alarms), key=lambda alarm: -alarm.excess)[:MOST_EXAMINED]
    return [week, *(_alarm_drop(alarm) for alarm in sorted(costly, key=lambda a: a.started_at))]


def merge_alarms(alarms: list[Alarm]) -> list[Alarm]:
    """One alarm per incident: of those that overlap, the one with the most excess failures."""
    incidents: list[list[Alarm]] = []
    for alarm in sorted(alarms, key=lambda item: (item.started_at, item.series)):
        ends = max((item.ended_at for item in incidents[-1]), default=None) if incidents else None
        if ends is not None and alarm.started_at <= ends + SAME_INCIDENT:
            incidents[-1].append(alarm)
        else:
            incidents.append([alarm])
    return [max(incident, key=lambda item: item.excess) for incident in incidents]


def alarm_id(alarm: Alarm) -> str:
    """Identity of an alarm; the same on every run over the same data."""
    return f"alarm-{alarm.raised_at:%Y%m%d%H%M}-{alarm.series}"


def _alarm_drop(alarm: Alarm) -> Drop:
    start, end = alarm.started_at, alarm.ended_at
    if end - start > WEEK:
        # No week before it is free of it: the weeks before its beginning stand for all.
        before: tuple[Window, ...] = ((start - ALARM_WEEKS * WEEK, start),)
    else:
        before = tuple((start - n * WEEK, end - n * WEEK) for n in range(1, ALARM_WEEKS + 1))
    return Drop(alarm_id(alarm), "alarm", (start, end), before, alarm)
