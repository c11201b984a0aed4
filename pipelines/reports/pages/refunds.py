"""What is paid back, how long that takes, and where it is most.

What belongs here: its cards, in reading order. What does not: what they say and show
(`drop_readings`, `figures`, `readings`, `tables`).
"""

from __future__ import annotations

from pipelines.reports import drop_readings, figures, readings, tables
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import dimension_label

PAGE = Page(
    "refunds",
    {
        "refunds": (
            plain(
                "refund_amounts",
                readings.refunds,
                figures.refund_amounts,
                tables.refund_amounts,
                metric="refunded_amount",
            ),
            plain(
                "refund_turnaround",
                readings.turnaround,
                figures.refund_turnaround,
                tables.refund_turnaround,
                metric="turnaround_hours_p90",
            ),
            chosen(
                "refund_breakdown",
                "select.dimension",
                drop_readings.refund_dimensions,
                dimension_label,
                drop_readings.refunds,
                lambda data, words: drop_readings.refunds(data, words, "all"),
                None,
                drop_readings.refund_table,
                metric="refund_rate_by_count",
                wide=True,
            ),
        ),
    },
    finding=readings.refunds,
    is_told=lambda data: data.has_bills,
)
