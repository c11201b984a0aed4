"""From the cart to the purchase, step by step.

What belongs here: its cards, in reading order. What does not: what they say and show (`funnel`).
"""

from __future__ import annotations

from pipelines.reports import funnel
from pipelines.reports.cards import Page, chosen
from pipelines.reports.choices import dimension_label

PAGE = Page(
    "funnel",
    {
        "funnel": (
            chosen(
                "funnel_steps",
                "select.month",
                funnel.views,
                funnel.view_label,
                funnel.steps,
                funnel.empty,
                funnel.steps_figure,
                funnel.steps_table,
                initial=funnel.newest_complete,
                metric="step_conversion_rate",
            ),
            chosen(
                "funnel_values",
                "select.dimension",
                funnel.dimensions,
                dimension_label,
                funnel.values,
                funnel.empty,
                funnel.values_figure,
                funnel.values_table,
                metric="one_tap_share",
            ),
        ),
    },
    finding=funnel.finding,
    is_told=lambda data: not data.funnel.is_empty(),
)
