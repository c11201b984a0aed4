"""The pages: which cards stand on which, in which order, and what each page is about.

What belongs here: the list of pages and nothing else. What does not: what a card says or shows (the
modules of each subject), and how a page is written (`page`).
A subject is added by one module and a few lines here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.reports import (
    cause_detail,
    choice,
    drop_readings,
    failure_figures,
    failure_readings,
    figures,
    funnel,
    readings,
    security,
    segment_figures,
    segment_readings,
    service,
    speed,
    tables,
    truth,
)
from pipelines.reports.cards import Card, chosen, in_every_language, plain
from pipelines.reports.data import ReportData
from pipelines.reports.words import Words


@dataclass(frozen=True)
class Page:
    """One report.

    Attributes:
        name: catalogue keys `page.<name>`, `lead.<name>` and `needs.<name>`.
        sections: section -> cards, in reading order; keys `section.<section>`.
        finding: the sentence under its title.
        is_told: whether the release has anything for it; if not, the page says what is missing.
    """

    name: str
    sections: Mapping[str, tuple[Card, ...]]
    finding: Callable[[ReportData, Words], str]
    is_told: Callable[[ReportData], bool]

    @property
    def cards(self) -> tuple[Card, ...]:
        """All cards in reading order."""
        return tuple(card for cards in self.sections.values() for card in cards)


def file_name(page: str, overview: str = "report.html") -> str:
    """The overview's file and, beside it, the files of the others: `report-refunds.html`."""
    stem, _, ending = overview.rpartition(".")
    return overview if page == "overview" else f"{stem}-{page}.{ending}"


# ---- small parts that need more than one module ------------------------------------------------


def _months_of_movement(data: ReportData) -> list:
    return data.movement["month_end"].unique().sort(descending=True).to_list()


def _months_of_wallets(data: ReportData) -> list:
    return data.wallets["month"].unique().sort(descending=True).to_list()


def _headline_month(data: ReportData, months: list) -> int:
    return months.index(data.month) if data.month in months else 0


def _wallets_now(data: ReportData, words: Words) -> str:
    if data.month is None:
        return words.text("reading.wallets_empty")
    return readings.wallets(data, words, data.month)


def _cluster_rules(data: ReportData) -> tables.Table:
    return tables.cluster_rules(
        data,
        lambda rule: in_every_language(
            lambda words: segment_readings.cluster_rule(rule, data, words)
        ),
    )


def _breakdown(data: ReportData, words: Words, dimension: str) -> str:
    def label(value: str) -> str:
        return words.token(tables.dimension_token(dimension, value, data.currency))

    return failure_readings.breakdown(data, words, dimension, label)


def _clearest_dimension(data: ReportData, dimensions: list[str]) -> int:
    """The chart opens on the dimension whose worst value lies furthest above the average.

    Not on segments: they are made of what was paid, so that who never paid always failed.
    """
    overall = failure_readings.overall_failure_rate(data) or 0.0
    gaps = [
        0.0
        if name == "lifecycle_segment"
        else (failure_readings.clear_values(data, name)["failure_rate_low"].max() or 0) - overall
        for name in dimensions
    ]
    return gaps.index(max(gaps))


def _drivers(data: ReportData) -> tables.Table:
    """Importances of a model that does not work would be read as findings all the same."""
    if failure_readings.drivers_usable(data):
        return tables.failure_drivers(data)
    return {"columns": [], "rows": [], "small": []}


def _segment_people(data: ReportData) -> dict:
    columns = ("lifecycle_segment", "users", "share_of_users", "share_of_net_amount")
    rules = {
        language: segment_readings.segment_rules(data, Words(language)) for language in ("zh", "en")
    }
    return {
        "kind": "people",
        "segments": data.segments.select(columns).rows(named=True),
        "rules": rules,
    }


def _audiences(data: ReportData) -> dict | None:
    names = data.segments["lifecycle_segment"].to_list()
    first = "at_risk" if "at_risk" in names else next(iter(names), None)
    return {"kind": "audience", "segment": first} if first else None


def _glossary(_: ReportData) -> dict:
    return {"kind": "glossary"}


def _dimension_label(_: ReportData, dimension: str) -> str:
    return f"@dimension.{dimension}"


# ---- cards that stand on two pages -------------------------------------------------------------

DAILY = plain(
    "daily_success",
    readings.daily,
    figures.daily_success,
    tables.daily_success,
    metric="attempt_success_rate",
    wide=True,
)
CHANGE = plain(
    "change", speed.change, None, speed.change_table, metric="attempt_success_rate", wide=True
)

# ---- the pages ---------------------------------------------------------------------------------

OVERVIEW = Page(
    "overview",
    {"lately": (DAILY,)},
    readings.headline,
    lambda data: data.has_attempt_log or data.has_bills,
)

WALLETS = Page(
    "wallets",
    {
        "compare": (
            plain(
                "side_by_side",
                choice.side_by_side,
                choice.side_by_side_figure,
                choice.side_by_side_table,
                metric="order_success_rate",
                wide=True,
            ),
            chosen(
                "wallet_comparison",
                "select.month",
                _months_of_wallets,
                speed.month_label,
                readings.wallets,
                lambda _, words: words.text("reading.wallets_empty"),
                None,
                tables.wallet_comparison,
                initial=_headline_month,
                metric="order_success_rate",
                wide=True,
            ),
        ),
        "cost": (
            plain(
                "fee_rates",
                choice.fee_rates,
                choice.fee_rates_figure,
                choice.fee_rates_table,
                metric="effective_fee_rate",
            ),
            chosen(
                "what_if",
                "select.wallet",
                choice.what_if_wallets,
                choice.what_if_label,
                choice.what_if,
                lambda _, words: words.text("reading.what_if_empty"),
                choice.what_if_figure,
                choice.what_if_table,
                metric="fee_amount",
            ),
        ),
        "people": (
            chosen(
                "preference",
                "select.people",
                choice.preference_dimensions,
                _dimension_label,
                choice.preference,
                choice.no_preference,
                choice.preference_figure,
                choice.preference_table,
                metric="wallet_use_rate",
                wide=True,
            ),
        ),
    },
    choice.side_by_side,
    lambda data: not (data.comparison.is_empty() and data.wallets.is_empty()),
)

PERFORMANCE = Page(
    "performance",
    {
        "days": (CHANGE, DAILY),
        "peaks": (
            chosen(
                "peak_hours",
                "select.measure",
                speed.peak_measures,
                lambda _, measure: f"@axis.{measure}",
                speed.peaks,
                speed.no_peaks,
                speed.peaks_figure,
                speed.peaks_table,
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
                speed.latency_months,
                speed.month_label,
                speed.latency,
                speed.no_latency,
                speed.latency_figure,
                speed.latency_table,
                speed.latency_extra,
                initial=_headline_month,
                metric="latency_p95_ms",
            ),
            chosen(
                "api_operations",
                "select.month",
                speed.request_months,
                speed.month_label,
                speed.api,
                speed.no_api,
                speed.api_figure,
                speed.api_table,
                initial=_headline_month,
                metric="request_error_rate",
            ),
        ),
    },
    speed.change,
    lambda data: data.has_attempt_log or not data.requests.is_empty(),
)

FAILURES = Page(
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
                _dimension_label,
                _breakdown,
                lambda data, words: failure_readings.breakdown(data, words, "all", str),
                failure_figures.failure_breakdown,
                tables.failure_breakdown,
                initial=_clearest_dimension,
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
                _drivers,
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
    failure_readings.causes,
    lambda data: data.has_attempt_log,
)

REFUNDS = Page(
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
                _dimension_label,
                drop_readings.refunds,
                lambda data, words: drop_readings.refunds(data, words, "all"),
                None,
                drop_readings.refund_table,
                metric="refund_rate_by_count",
                wide=True,
            ),
        ),
    },
    readings.refunds,
    lambda data: data.has_bills,
)

FUNNEL = Page(
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
                _dimension_label,
                funnel.values,
                funnel.empty,
                funnel.values_figure,
                funnel.values_table,
                metric="one_tap_share",
            ),
        ),
    },
    funnel.finding,
    lambda data: not data.funnel.is_empty(),
)

SEGMENTS = Page(
    "segments",
    {
        "who": (
            plain(
                "segment_shares",
                readings.segments,
                figures.segment_shares,
                tables.segment_shares,
                metric="share_of_net_amount",
                wide=True,
            ),
            plain("segment_cards", readings.segment_cards, extra=_segment_people, wide=True),
        ),
        "movement": (
            chosen(
                "segment_movement",
                "select.month",
                _months_of_movement,
                speed.month_label,
                segment_readings.movement,
                lambda _, words: words.text("reading.movement_empty"),
                segment_figures.segment_movement,
                tables.segment_movement,
                metric="share_of_from",
                wide=True,
            ),
            plain(
                "cohort_retention",
                segment_readings.retention,
                segment_figures.cohort_retention,
                tables.cohort_retention,
                metric="retained_share",
            ),
            plain(
                "value_tiers",
                segment_readings.value_tiers,
                segment_figures.value_tiers,
                tables.value_tiers,
                metric="share_of_net_amount",
            ),
            plain(
                "payment_states",
                segment_readings.payment_states,
                None,
                tables.payment_states,
                metric="share_of_users",
                wide=True,
            ),
        ),
        "audiences": (
            plain(
                "audiences",
                lambda data, words: words.text(
                    "reading.segments_empty" if data.segments.is_empty() else "reading.audiences"
                ),
                extra=_audiences,
                wide=True,
            ),
        ),
        "behaviour": (
            plain(
                "clusters",
                readings.clusters,
                None,
                tables.clusters,
                metric="share_of_users",
                wide=True,
            ),
            plain("cluster_rules", segment_readings.cluster_rules, None, _cluster_rules, wide=True),
        ),
        "proof": (
            plain(
                "segment_proof",
                segment_readings.proof,
                segment_figures.segment_proof,
                tables.segment_proof,
                metric="actual_active_share",
            ),
            plain(
                "score_quality",
                segment_readings.quality,
                segment_figures.score_calibration,
                tables.score_quality,
                metric="active_auc",
            ),
        ),
    },
    readings.segments,
    lambda data: not data.segments.is_empty(),
)

SECURITY = Page(
    "security",
    {
        "step_up": (
            chosen(
                "step_up",
                "select.dimension",
                security.dimensions,
                _dimension_label,
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
    security.finding,
    lambda data: not (data.step_up.is_empty() and data.risk_rules.is_empty()),
)

SUPPORT = Page(
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
                _dimension_label,
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
    service.speed,
    lambda data: not (data.support.is_empty() and data.satisfaction.is_empty()),
)

PRIVACY = Page(
    "privacy",
    {
        "checked": (plain("audit_checks", truth.verdict, None, truth.checks_table, wide=True),),
        "shown": (
            plain("published_tables", truth.published, None, truth.published_table, metric="users"),
            plain("anonymity", truth.groups, None, truth.groups_table),
        ),
    },
    truth.verdict,
    lambda data: bool(data.audit),
)

QUALITY = Page(
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
    truth.rows,
    lambda data: not data.freshness.is_empty(),
)

GLOSSARY = Page(
    "glossary",
    {
        "glossary": (
            plain(
                "glossary",
                lambda data, words: words.text(
                    "reading.glossary", n=words.number(data.definitions.height)
                ),
                extra=_glossary,
                wide=True,
            ),
        )
    },
    lambda data, words: words.text("reading.glossary", n=words.number(data.definitions.height)),
    lambda data: not data.definitions.is_empty(),
)

PAGES = (
    OVERVIEW,
    WALLETS,
    PERFORMANCE,
    FAILURES,
    REFUNDS,
    FUNNEL,
    SEGMENTS,
    SECURITY,
    SUPPORT,
    QUALITY,
    PRIVACY,
    GLOSSARY,
)
