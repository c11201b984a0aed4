"""How payments go: days, busy hours, response times.

What belongs here: its cards, in reading order. What does not: what they say and show (`change`,
`figures`, `peaks`, `readings`, `response_times`, `tables`).
"""

from __future__ import annotations

from pipelines.reports import change, figures, peaks, readings, response_times, tables
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import headline_month, month_label
from pipelines.reports.data import newest_first

DAILY = plain(
    "daily_success",
    readings.daily,
    figures.daily_success,
    tables.daily_success,
    metric="attempt_success_rate",
    wide=True,
)

CHANGE = plain(
    "change", change.reading, None, change.table, metric="attempt_success_rate", wide=True
)

PAGE = Page(
    "performance",
    {
        "days": (CHANGE, DAILY),
        "peaks": (
            chosen(
                "peak_hours",
                "select.measure",
                peaks.measures,
                lambda _, measure: f"@axis.{measure}",
                peaks.reading,
                peaks.no_reading,
                peaks.figure,
                peaks.table,
                metric="attempts",
                wide=True,
            ),
            plain(
                "hour_failures",
                readings.hours,
                figures.hour_failures,
                tables.hour_failures,
                metric="failure_rate",
            ),
            plain(
                "hour_latency",
                readings.latency,
                figures.hour_latency,
                tables.hour_latency,
                metric="latency_p95_ms",
            ),
        ),
        "response": (
            chosen(
                "latency_histogram",
                "select.month",
                lambda data: newest_first(data.latency["month"]),
                month_label,
                response_times.latency,
                response_times.no_latency,
                response_times.latency_figure,
                response_times.latency_table,
                response_times.latency_extra,
                initial=headline_month,
                metric="latency_p95_ms",
            ),
            chosen(
                "api_operations",
                "select.month",
                lambda data: newest_first(data.requests["month"]),
                month_label,
                response_times.api,
                response_times.no_api,
                response_times.api_figure,
                response_times.api_table,
                initial=headline_month,
                metric="request_error_rate",
            ),
        ),
    },
    finding=change.reading,
    is_told=lambda data: data.has_attempt_log or not data.requests.is_empty(),
)
