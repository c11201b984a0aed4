"""The pages: one module each, which says what stands on it and in which order.

What belongs here: sections, their cards, and which card opens on what. What does not: what a card
says or shows (the modules of each subject), and how a page is written (`page`).
A subject is added by one module and a few lines in the module of its page.
"""

from __future__ import annotations

from pipelines.reports.pages import (
    failures,
    funnel,
    glossary,
    overview,
    performance,
    privacy,
    quality,
    refunds,
    security,
    segments,
    support,
    wallets,
)

# In the order of the menu.
PAGES = (
    overview.PAGE,
    wallets.PAGE,
    performance.PAGE,
    failures.PAGE,
    refunds.PAGE,
    funnel.PAGE,
    segments.PAGE,
    security.PAGE,
    support.PAGE,
    quality.PAGE,
    privacy.PAGE,
    glossary.PAGE,
)


def file_name(page: str, overview: str = "report.html") -> str:
    """The overview's file and, beside it, the files of the others: `report-refunds.html`."""
    stem, _, ending = overview.rpartition(".")
    return overview if page == "overview" else f"{stem}-{page}.{ending}"
