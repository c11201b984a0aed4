"""Tickets, and what customers answer in surveys.

What belongs here: its cards, in reading order. What does not: what they say and show (`service`).
"""

from __future__ import annotations

from pipelines.reports import service
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import dimension_label

PAGE = Page(
    "support",
    {
        "tickets": (
            plain(
                "support_speed",
                service.speed,
                service.speed_figure,
                service.speed_table,
                metric="ticket_response_rate",
            ),
            chosen(
                "support_topics",
                "select.dimension",
                service.dimensions,
                dimension_label,
                service.topics,
                service.no_topics,
                service.topics_figure,
                service.topics_table,
                metric="ticket_resolution_rate",
            ),
        ),
        "feedback": (
            chosen(
                "satisfaction",
                "select.survey",
                service.surveys,
                lambda _, survey: f"@survey.{survey}",
                service.satisfaction,
                service.no_satisfaction,
                service.satisfaction_figure,
                service.satisfaction_table,
                metric="satisfaction_rate",
                wide=True,
            ),
        ),
    },
    finding=service.speed,
    is_told=lambda data: not (data.support.is_empty() and data.satisfaction.is_empty()),
)
