"""The headline figures: the newest complete month against the month before.

What belongs here: values, intervals, changes. What does not: wording and formatting.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pipelines.reports.data import ReportData, at_month, month_totals, newest_first
from pipelines.reports.intervals import wilson
from pipelines.warehouse.metric_ratios import ratio

# A rate of this many cases or more needs no interval to be read rightly.
INTERVAL_BELOW = 1000

# KPI -> (id in the registry of metrics, good direction)
_RATES = {
    "order_success_rate": ("order_success_rate", "up"),
    "attempt_success_rate": ("attempt_success_rate", "up"),
    "refund_rate": ("refund_rate_by_count", "down"),
    "recovered_share": ("recovery_rate", "up"),
}
KPI_METRICS = {name: metric for name, (metric, _) in _RATES.items()} | {
    "captured_amount": "captured_amount"
}

# Months that the headline figures can be read for; older ones are in the tables.
MONTHS_OFFERED = 12


def kpis_by_month(data: ReportData) -> dict[str, dict[str, Any]]:
    """The headline figures of each of the newest months: previous, complete, kpis.

    A month is its own published cells, never a sum of others.
    """
    found = {}
    for month in headline_months(data):
        of_month = at_month(data, month)
        found[month.isoformat()] = {
            "previous": of_month.previous.isoformat() if of_month.previous else None,
            "complete": of_month.is_month_complete,
            "kpis": build_kpis(of_month),
        }
    return found


def headline_months(data: ReportData) -> list[date]:
    """Months with figures, the newest first."""
    return newest_first(data.wallets["month"])[:MONTHS_OFFERED]


def build_kpis(data: ReportData) -> list[dict[str, Any]]:
    """One dict per card: id, kind (percent|money), value, low/high (None for large samples), n,
    change (points for rates, a share for money; None without an earlier month), good (up|down),
    note (catalogue key of why there is no value, or None), definition (metric_id or None), parts
    (wallet -> [counted, out of, counted before, out of before], which a filter adds up; an amount
    is counted out of 1). Values are None when nothing can be divided.
    """
    now, before = month_totals(data, data.month), month_totals(data, data.previous)
    cards = [_rate_card(name, now, before) for name in _RATES]
    captured, earlier = _captured(now), _captured(before)
    cards.append(
        {
            "id": "captured_amount",
            "kind": "money",
            "value": captured,
            "n": now.get("captures") or 0,
            "note": None if data.has_bills else "ui.no_bills",
            "low": None,
            "high": None,
            # An amount of a month still running cannot be set against a full one.
            "change": captured / earlier - 1
            if earlier and captured and data.is_month_complete
            else None,
            "good": "up",
        }
    )
    known = set(data.definitions["metric_id"])
    definitions = {
        name: metric if metric in known else None for name, metric in KPI_METRICS.items()
    }
    parts = {name: _parts(data, name) for name in KPI_METRICS}
    return [
        card | {"definition": definitions[card["id"]], "parts": parts[card["id"]]} for card in cards
    ]


def _parts(data: ReportData, name: str) -> dict[str, list[float]]:
    return {
        wallet: [
            value
            for month in (data.month, data.previous)
            for value in _counted(name, month_totals(data, month, wallet))
        ]
        for wallet in data.wallets["wallet"].unique().sort()
    }


def _counted(name: str, totals: dict[str, float]) -> tuple[float, float]:
    if name in _RATES:
        return ratio(_RATES[name][0]).counts(totals)
    return totals.get(name) or 0, int(bool(totals.get("captures")))


def _captured(totals: dict[str, float]) -> float | None:
    """Only a bill proves an amount: without a captured payment it is unknown, not zero."""
    return totals["captured_amount"] if totals.get("captures") else None


def _rate_card(name: str, now: dict[str, float], before: dict[str, float]) -> dict[str, Any]:
    metric, good = _RATES[name]
    counted, n = ratio(metric).counts(now)
    value, earlier = ratio(metric).of(now), ratio(metric).of(before)
    low, high = None, None
    if 0 < n < INTERVAL_BELOW:
        low, high = wilson(counted, n)
    change = value - earlier if value is not None and earlier is not None else None
    return {
        "id": name,
        "kind": "percent",
        "value": value,
        "n": n,
        "note": None,
        "low": low,
        "high": high,
        "change": change,
        "good": good,
    }
