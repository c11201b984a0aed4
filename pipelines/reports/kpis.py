"""The headline figures: the newest complete month against the month before.

What belongs here: values, intervals, changes. What does not: wording and formatting.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pipelines.reports.data import ReportData, at_month, month_totals, wilson

# A rate of this many cases or more needs no interval to be read rightly.
INTERVAL_BELOW = 1000

# KPI -> (numerator, denominator, good direction, id in the registry of metrics)
_RATES = {
    "order_success_rate": ("orders_succeeded", "orders", "up", "order_success_rate"),
    "attempt_success_rate": ("succeeded", "resolved", "up", "attempt_success_rate"),
    "refund_rate": ("refunded_captures", "captures", "down", "refund_rate_by_count"),
    "recovered_share": ("orders_recovered", "orders_first_failed", "up", "recovery_rate"),
}
KPI_METRICS = {name: spec[3] for name, spec in _RATES.items()} | {
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
    return data.wallets["month"].unique().sort(descending=True).head(MONTHS_OFFERED).to_list()


def build_kpis(data: ReportData) -> list[dict[str, Any]]:
    """One dict per card: id, kind (percent|money), value, low/high (None for large samples), n,
    change (points for rates, a share for money; None without an earlier month), good (up|down),
    note (catalogue key of why there is no value, or None), definition (metric_id or None), parts
    (wallet -> [counted, out of, counted before, out of before], which a filter adds up; an amount
    is counted out of 1). Values are None when nothing can be divided.
    """
    now = _with_denominators(month_totals(data, data.month))
    before = _with_denominators(month_totals(data, data.previous))
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
    numerator, denominator, *_ = _RATES.get(name, (name, None))
    parts = {}
    for wallet in data.wallets["wallet"].unique().sort():
        months = [
            _with_denominators(month_totals(data, month, wallet))
            for month in (data.month, data.previous)
        ]
        parts[wallet] = [
            value
            for month in months
            for value in (
                month.get(numerator) or 0,
                (month.get(denominator) or 0) if denominator else int(bool(month.get("captures"))),
            )
        ]
    return parts


def _captured(totals: dict[str, float]) -> float | None:
    """Only a bill proves an amount: without a captured payment it is unknown, not zero."""
    return totals["captured_amount"] if totals.get("captures") else None


def _with_denominators(totals: dict[str, float]) -> dict[str, float]:
    if not totals:
        return {}
    return totals | {"resolved": totals["succeeded"] + totals["failed"]}


def _rate_card(name: str, now: dict[str, float], before: dict[str, float]) -> dict[str, Any]:
    numerator, denominator, good, _ = _RATES[name]
    n = now.get(denominator) or 0
    earlier_n = before.get(denominator) or 0
    value = now[numerator] / n if n else None
    low, high = None, None
    if 0 < n < INTERVAL_BELOW:
        low, high = wilson(now[numerator], n)
    change = value - before[numerator] / earlier_n if value is not None and earlier_n else None
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
