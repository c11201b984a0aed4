"""What a card lets choose: how months and dimensions are called, and which one it opens on.

What belongs here: labels and first choices that several cards share. What does not: the choices of
a single subject.
"""

from __future__ import annotations

from datetime import date

from pipelines.reports.data import ReportData
from pipelines.reports.words import category_key


def month_label(_: ReportData, month: date) -> str:
    """Token of a month."""
    return category_key("month", month.isoformat())


def dimension_label(_: ReportData, dimension: str) -> str:
    """Token of a dimension."""
    return category_key("dimension", dimension)


def headline_month(data: ReportData, months: list[date]) -> int:
    """Index of the month the headline speaks of; the first one where it is not among them."""
    return months.index(data.month) if data.month in months else 0
