"""Whether every row and amount is accounted for.

What belongs here: its cards, in reading order. What does not: what they say and show (`truth`).
"""

from __future__ import annotations

from pipelines.reports import truth
from pipelines.reports.cards import Page, plain

PAGE = Page(
    "quality",
    {
        "rows": (
            plain(
                "row_fates",
                truth.rows,
                truth.rows_figure,
                truth.rows_table,
                metric="rows_unaccounted",
                wide=True,
            ),
        ),
        "books": (
            plain(
                "differences",
                truth.differences,
                None,
                truth.differences_table,
                truth.differences_extra,
                metric="late_successes",
                wide=True,
            ),
        ),
    },
    finding=truth.rows,
    is_told=lambda data: not data.freshness.is_empty(),
)
