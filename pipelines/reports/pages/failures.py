"""Why payments fail, and what to do about it.

What belongs here: its cards, in reading order. What does not: what they say and show
(`cause_detail`, `drop_readings`, `failure_figures`, `failure_readings`, `tables`).
"""

from __future__ import annotations

from pipelines.reports import cause_detail, drop_readings, failure_figures, failure_readings, tables
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import dimension_label

PAGE = Page(
    "failures",
    {
        "why": (
            plain(
                "failure_causes",
                failure_readings.causes,
                failure_figures.failure_causes,
                tables.failure_causes,
                metric="share_of_failures",
            ),
            chosen(
                "failure_breakdown",
                "select.dimension",
                lambda data: data.dimensions,
                dimension_label,
                failure_readings.breakdown,
                lambda data, words: failure_readings.breakdown(data, words, "all"),
                failure_figures.failure_breakdown,
                tables.failure_breakdown,
                initial=failure_readings.clearest_dimension,
                metric="failure_rate",
            ),
            chosen(
                "cause_detail",
                "select.cause",
                cause_detail.causes,
                cause_detail.cause_label,
                cause_detail.reading,
                failure_readings.causes,
                cause_detail.figure,
                cause_detail.table,
                metric="failure_rate",
                wide=True,
            ),
            chosen(
                "failure_root_causes",
                "select.drop",
                drop_readings.drop_ids,
                drop_readings.drop_label,
                drop_readings.root_causes,
                drop_readings.no_drops,
                None,
                drop_readings.root_cause_table,
                initial=lambda data, _: drop_readings.clearest_drop(data),
                metric="failure_rate",
                wide=True,
            ),
        ),
        "act": (
            plain(
                "failure_advice",
                drop_readings.advice,
                None,
                drop_readings.advice_table,
                metric="amount_lost",
                wide=True,
            ),
            plain(
                "failure_money",
                failure_readings.money,
                failure_figures.failure_money,
                tables.failure_money,
                metric="amount_at_risk",
            ),
            plain(
                "failure_drivers",
                failure_readings.drivers,
                failure_figures.failure_drivers,
                tables.failure_drivers,
                metric="importance_mean",
            ),
            plain(
                "failure_alarms",
                drop_readings.alarms,
                None,
                drop_readings.alarm_table,
                metric="failure_rate",
                wide=True,
            ),
        ),
    },
    finding=failure_readings.causes,
    is_told=lambda data: data.has_attempt_log,
)
