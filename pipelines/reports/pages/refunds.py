"""What is paid back, how long that takes, and where it is most.

What belongs here: its cards, in reading order. What does not: what they say and show
(`refunds`).
"""

from __future__ import annotations

from pipelines.reports import refunds
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import dimension_label

PAGE = Page(
    "refunds",
    {
        "refunds": (
            plain(
                "refund_amounts",
                refunds.amounts,
                refunds.amounts_figure,
                refunds.amounts_table,
                metric="refunded_amount",
            ),
            plain(
                "refund_turnaround",
                refunds.turnaround,
                refunds.turnaround_figure,
                refunds.turnaround_table,
                metric="turnaround_hours_p90",
            ),
            chosen(
                "refund_breakdown",
                "select.dimension",
                refunds.dimensions,
                dimension_label,
                refunds.breakdown,
                refunds.no_breakdown,
                None,
                refunds.breakdown_table,
                metric="refund_rate_by_count",
                wide=True,
            ),
        ),
    },
    finding=refunds.amounts,
    is_told=lambda data: data.has_bills,
)
