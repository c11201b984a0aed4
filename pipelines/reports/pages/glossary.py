"""Every metric with its definition.

What belongs here: its cards, in reading order. What does not: what they say and show.
"""

from __future__ import annotations

from pipelines.reports.cards import Page, plain
from pipelines.reports.data import ReportData
from pipelines.reports.words import Words


def _reading(data: ReportData, words: Words) -> str:
    return words.text("reading.glossary", n=words.number(data.definitions.height))


PAGE = Page(
    "glossary",
    {"glossary": (plain("glossary", _reading, extra=lambda _: {"kind": "glossary"}, wide=True),)},
    finding=_reading,
    is_told=lambda data: not data.definitions.is_empty(),
)
