"""The first page: how payments went lately; what the other pages find are its tiles.

What belongs here: its one card. What does not: headline figures (`kpis`) and tiles (`page`).
"""

from __future__ import annotations

from pipelines.reports import readings
from pipelines.reports.cards import Page
from pipelines.reports.pages.performance import DAILY

PAGE = Page(
    "overview",
    {"lately": (DAILY,)},
    finding=readings.headline,
    is_told=lambda data: data.has_attempt_log or data.has_bills,
)
