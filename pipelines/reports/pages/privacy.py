"""What is published, and what the audit said of it.

What belongs here: its cards, in reading order. What does not: what they say and show (`truth`).
"""

from __future__ import annotations

from pipelines.reports import truth
from pipelines.reports.cards import Page, plain

PAGE = Page(
    "privacy",
    {
        "checked": (plain("audit_checks", truth.verdict, None, truth.checks_table, wide=True),),
        "shown": (
            plain("published_tables", truth.published, None, truth.published_table, metric="users"),
            plain("anonymity", truth.groups, None, truth.groups_table),
        ),
    },
    finding=truth.verdict,
    is_told=lambda data: bool(data.audit),
)
