"""Two-step checks and suspicious payments.

What belongs here: its cards, in reading order. What does not: what they say and show (`security`).
"""

from __future__ import annotations

from pipelines.reports import security
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import dimension_label

PAGE = Page(
    "security",
    {
        "step_up": (
            chosen(
                "step_up",
                "select.dimension",
                security.dimensions,
                dimension_label,
                security.step_up,
                security.finding,
                security.step_up_figure,
                security.step_up_table,
                metric="step_up_coverage",
                wide=True,
            ),
            plain("stopped", security.stopped, None, security.stopped_table, metric="failure_rate"),
        ),
        "suspicious": (
            plain(
                "suspicious",
                security.suspicious,
                security.suspicious_figure,
                security.suspicious_table,
                wide=True,
            ),
        ),
    },
    finding=security.finding,
    is_told=lambda data: not (data.step_up.is_empty() and data.risk_rules.is_empty()),
)
