"""The page: one HTML file with everything in it, readable offline and incapable of a request.

What belongs here: which figures stand in which section, the payload the script reads, escaping,
the content-security policy, embedding plotly once. What does not: wording, drawing, publishing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.reports import (
    drop_readings,
    failure_figures,
    failure_readings,
    figures,
    readings,
    segment_figures,
    segment_readings,
    tables,
)
from pipelines.reports.data import ReportData, load_report_data
from pipelines.reports.kpis import build_kpis
from pipelines.reports.style import PLOTLY_CONFIG
from pipelines.reports.words import LANGUAGES, Words, load_catalogue

ROOM = Path(__file__).parent
# The plotly.js inside the pinned plotly package; renewed with
# `npm pack plotly.js-cartesian-dist-min@<version>`, then gzip -9 without a time stamp.
PLOTLY_VERSION = "4.1.1"
# Of the unpacked library: the audit lets exactly these bytes pass unread.
PLOTLY_SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"
PLOTLY_BUNDLE = ROOM / "vendor" / f"plotly-cartesian-{PLOTLY_VERSION}.min.js.gz"

# The page runs its own inline script and plotly from a blob; nothing can be fetched or sent.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)

# Section -> figures in reading order. Segments and failures first: that is what readers come for.
SECTIONS: dict[str, tuple[str, ...]] = {
    "segments": (
        "segment_shares",
        "segment_cards",
        "segment_movement",
        "cohort_retention",
        "value_tiers",
        "payment_states",
        "segment_proof",
        "score_quality",
        "clusters",
        "cluster_rules",
    ),
    "failures": (
        "failure_causes",
        "failure_breakdown",
        "failure_root_causes",
        "failure_advice",
        "failure_money",
        "failure_alarms",
        "failure_drivers",
    ),
    "wallets": ("wallet_comparison",),
    "performance": ("daily_success",),
    "hours": ("hour_failures", "hour_latency"),
    "refunds": ("refund_amounts", "refund_turnaround", "refund_breakdown"),
}
WIDE = {
    "segment_shares",
    "segment_cards",
    "segment_movement",
    "payment_states",
    "clusters",
    "cluster_rules",
    "failure_root_causes",
    "failure_advice",
    "wallet_comparison",
    "daily_success",
    "refund_breakdown",
}

# Figure -> the metric of the registry that its "i" defines.
FIGURE_METRICS = {
    "segment_shares": "share_of_net_amount",
    "segment_movement": "share_of_from",
    "cohort_retention": "retained_share",
    "value_tiers": "share_of_net_amount",
    "segment_proof": "actual_active_share",
    "score_quality": "active_auc",
    "clusters": "share_of_users",
    "failure_causes": "share_of_failures",
    "failure_breakdown": "failure_rate",
    "failure_money": "amount_at_risk",
    "failure_root_causes": "failure_rate",
    "failure_advice": "amount_lost",
    "failure_alarms": "failure_rate",
    "refund_breakdown": "refund_rate_by_count",
    "failure_drivers": "importance_mean",
    "wallet_comparison": "order_success_rate",
    "daily_success": "attempt_success_rate",
    "hour_failures": "failure_rate",
    "hour_latency": "latency_p95_ms",
    "refund_amounts": "refunded_amount",
    "refund_turnaround": "turnaround_hours_p90",
}
_META_KEYS = {
    "release_id",
    "generated_at",
    "verdict",
    "checks_passed",
    "checks_total",
    "package_version",
    "inputs",
}


def render_report(
    marketing_db: Path, analyst_db: Path | None, out: Path, meta: dict[str, Any]
) -> Path:
    """Write the report of a release and return its path.

    Args:
        marketing_db: the published marketing file; every number of the page comes from it.
        analyst_db: the analyst file of the same release; only its name is shown.
        out: the HTML file to write; its folder must exist.
        meta: release_id, generated_at (UTC, ISO 8601), verdict ("pass" or "fail", the word of the
            audit), checks_passed, checks_total, package_version, inputs ("merchant" | "samples");
            optionally timezone and minimum_cell_users.

    The same file and meta give the same bytes. Raises KeyError naming missing meta keys, and
    DuckDB's errors when the file cannot be read or lacks a table.
    """
    missing = sorted(_META_KEYS - set(meta))
    if missing:
        raise KeyError(f"report meta lacks {', '.join(missing)}")
    data = load_report_data(marketing_db)
    payload = build_payload(data, meta) | {
        "files": {
            "marketing": marketing_db.name,
            "analyst": analyst_db.name if analyst_db else None,
        }
    }
    out.write_text(_render(payload), encoding="utf-8", newline="\n")
    return out


def build_payload(data: ReportData, meta: dict[str, Any]) -> dict[str, Any]:
    """Everything the script needs, as plain JSON types; no user key is among it."""
    known = set(data.definitions["metric_id"])
    return {
        "meta": {"timezone": "Asia/Shanghai", "minimum_cell_users": None} | meta,
        "config": PLOTLY_CONFIG,
        "strings": {language: load_catalogue(language) for language in LANGUAGES},
        "headline": _both(lambda words: readings.headline(data, words)),
        "kpis": build_kpis(data),
        "months": {
            "current": data.month.isoformat() if data.month else None,
            "previous": data.previous.isoformat() if data.previous else None,
            "complete": data.is_month_complete,
        },
        "currency": data.currency,
        "other_currencies": list(data.other_currencies),
        "period": [str(day) if day else None for day in (data.first_day, data.last_day)],
        "sources": data.freshness.select("source", "files", "rows", "rejected_rows").rows(
            named=True
        ),
        "segments": data.segments.select(
            "lifecycle_segment", "users", "share_of_users", "share_of_net_amount"
        ).rows(named=True),
        "segment_rules": {
            language: segment_readings.segment_rules(data, Words(language))
            for language in LANGUAGES
        },
        "definitions": {row["metric_id"]: row for row in data.definitions.rows(named=True)},
        "defined_by": {name: id_ for name, id_ in FIGURE_METRICS.items() if id_ in known},
        "cards": _cards(data),
    }


def embed_json(value: Any) -> Markup:
    """JSON that is safe between script tags: no `<`, no `&`, no line separators of JavaScript."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # Escaped above: the one place where text enters the page without the template's escaping.
    return Markup(text)  # noqa: S704


def _render(payload: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = {
        name: (ROOM / "templates" / name).read_text("utf-8") for name in ("report.css", "report.js")
    }
    return environment.get_template("report.html").render(
        csp=CONTENT_SECURITY_POLICY,
        # Our own files, not data: they may not be escaped inside <style> and <script>.
        css=Markup(source["report.css"]),
        script=Markup(source["report.js"]),
        payload=embed_json(payload),
        plotly=base64.b64encode(PLOTLY_BUNDLE.read_bytes()).decode(),
        plotly_version=PLOTLY_VERSION,
        text=load_catalogue("zh"),
        headline=payload["headline"]["zh"],
        sections=SECTIONS,
        wide=WIDE,
        cards=payload["cards"],
        is_sample=payload["meta"]["inputs"] == "samples",
    )


def _cards(data: ReportData) -> dict[str, dict[str, Any]]:
    """Figure -> {select, initial, variants}; a variant: {label, reading, figure, table}."""
    cards = {
        "segment_shares": _card(
            data, readings.segments, figures.segment_shares, tables.segment_shares
        ),
        "segment_cards": _card(data, readings.segment_cards, None, None),
        "segment_movement": _movement_card(data),
        "cohort_retention": _card(
            data,
            segment_readings.retention,
            segment_figures.cohort_retention,
            tables.cohort_retention,
        ),
        "value_tiers": _card(
            data, segment_readings.value_tiers, segment_figures.value_tiers, tables.value_tiers
        ),
        "payment_states": _card(data, segment_readings.payment_states, None, tables.payment_states),
        "segment_proof": _card(
            data, segment_readings.proof, segment_figures.segment_proof, tables.segment_proof
        ),
        "score_quality": _card(
            data,
            segment_readings.quality,
            segment_figures.score_calibration,
            tables.score_quality,
        ),
        "clusters": _card(data, readings.clusters, None, tables.clusters),
        "cluster_rules": _card(data, segment_readings.cluster_rules, None, _cluster_rules),
        "failure_causes": _card(
            data, failure_readings.causes, failure_figures.failure_causes, tables.failure_causes
        ),
        "failure_money": _card(
            data, failure_readings.money, failure_figures.failure_money, tables.failure_money
        ),
        "failure_drivers": _card(
            data, failure_readings.drivers, failure_figures.failure_drivers, tables.failure_drivers
        ),
        "daily_success": _card(data, readings.daily, figures.daily_success, tables.daily_success),
        "hour_failures": _card(data, readings.hours, figures.hour_failures, tables.hour_failures),
        "hour_latency": _card(data, readings.latency, figures.hour_latency, tables.hour_latency),
        "refund_amounts": _card(
            data, readings.refunds, figures.refund_amounts, tables.refund_amounts
        ),
        "refund_turnaround": _card(
            data, readings.turnaround, figures.refund_turnaround, tables.refund_turnaround
        ),
        "failure_breakdown": _breakdown_card(data),
        "failure_root_causes": _drops_card(data),
        "failure_alarms": _card(data, drop_readings.alarms, None, drop_readings.alarm_table),
        "failure_advice": _card(data, drop_readings.advice, None, drop_readings.advice_table),
        "refund_breakdown": _refunds_card(data),
        "wallet_comparison": _wallet_card(data),
    }
    if not failure_readings.drivers_usable(data):
        # Importances of a model that does not work would be read as findings all the same.
        cards["failure_drivers"]["variants"][0]["table"] = None
    return cards


def _card(
    data: ReportData,
    reading: Callable[[ReportData, Words], str],
    figure: Callable[[ReportData], dict | None] | None,
    table: Callable[[ReportData], dict] | None,
) -> dict[str, Any]:
    drawn = figure(data) if figure else None
    rows = table(data) if table else None
    variant = {
        "label": None,
        "reading": _both(lambda words: reading(data, words)),
        "figure": drawn,
        "table": rows if rows and rows["rows"] else None,
    }
    return {"select": None, "initial": 0, "variants": [variant]}


def _movement_card(data: ReportData) -> dict[str, Any]:
    months = data.movement["month_end"].unique().sort(descending=True).to_list()
    variants = [
        {
            "label": f"@month.{month.isoformat()}",
            "reading": _both(
                lambda words, month=month: segment_readings.movement(data, words, month)
            ),
            "figure": segment_figures.segment_movement(data, month),
            "table": tables.segment_movement(data, month),
        }
        for month in months
    ]
    if not variants:
        empty = _both(lambda words: words.text("reading.movement_empty"))
        variants = [{"label": None, "reading": empty, "figure": None, "table": None}]
    return {"select": "select.month", "initial": 0, "variants": variants}


def _cluster_rules(data: ReportData) -> dict[str, Any]:
    def phrase(rule: str) -> dict[str, str]:
        return _both(lambda words: segment_readings.cluster_rule(rule, data, words))

    return tables.cluster_rules(data, phrase)


def _breakdown_card(data: ReportData) -> dict[str, Any]:
    variants = []
    for dimension in data.dimensions:

        def reading(words: Words, dimension: str = dimension) -> str:
            def label(value: str) -> str:
                token = tables.dimension_token(dimension, value, data.currency)
                group, _, name = token[1:].partition(".")
                return words.label(group, name)

            return failure_readings.breakdown(data, words, dimension, label)

        variants.append(
            {
                "label": f"@dimension.{dimension}",
                "reading": _both(reading),
                "figure": failure_figures.failure_breakdown(data, dimension),
                "table": tables.failure_breakdown(data, dimension),
            }
        )
    if not variants:
        empty = _both(lambda words: failure_readings.breakdown(data, words, "all", str))
        variants = [{"label": None, "reading": empty, "figure": None, "table": None}]
    initial = _clearest(data)
    return {"select": "select.dimension", "initial": initial, "variants": variants}


def _drops_card(data: ReportData) -> dict[str, Any]:
    ids = drop_readings.drop_ids(data)
    variants = [
        {
            "label": drop_readings.drop_label(data, drop_id),
            "reading": _both(
                lambda words, drop_id=drop_id: drop_readings.root_causes(data, words, drop_id)
            ),
            "figure": None,
            "table": _or_none(drop_readings.root_cause_table(data, drop_id)),
        }
        for drop_id in ids
    ]
    if not variants:
        empty = _both(lambda words: drop_readings.no_drops(data, words))
        variants = [{"label": None, "reading": empty, "figure": None, "table": None}]
    initial = drop_readings.clearest_drop(data) if ids else 0
    return {"select": "select.drop", "initial": initial, "variants": variants}


def _refunds_card(data: ReportData) -> dict[str, Any]:
    variants = [
        {
            "label": f"@dimension.{dimension}",
            "reading": _both(
                lambda words, dimension=dimension: drop_readings.refunds(data, words, dimension)
            ),
            "figure": None,
            "table": _or_none(drop_readings.refund_table(data, dimension)),
        }
        for dimension in drop_readings.refund_dimensions(data)
    ]
    if not variants:
        empty = _both(lambda words: drop_readings.refunds(data, words, "all"))
        variants = [{"label": None, "reading": empty, "figure": None, "table": None}]
    return {"select": "select.dimension", "initial": 0, "variants": variants}


def _or_none(table: dict[str, Any]) -> dict[str, Any] | None:
    return table if table["rows"] else None


def _clearest(data: ReportData) -> int:
    """The chart opens on the dimension whose worst value lies furthest above the average."""
    overall = failure_readings.overall_failure_rate(data) or 0.0
    gaps = [
        (failure_readings.clear_values(data, name)["failure_rate_low"].max() or 0) - overall
        for name in data.dimensions
    ]
    return gaps.index(max(gaps)) if gaps else 0


def _wallet_card(data: ReportData) -> dict[str, Any]:
    months = data.wallets["month"].unique().sort(descending=True).to_list()
    variants = [
        {
            "label": f"@month.{month.isoformat()}",
            "reading": _both(lambda words, month=month: readings.wallets(data, words, month)),
            "figure": None,
            "table": tables.wallet_comparison(data, month),
        }
        for month in months
    ]
    if not variants:
        empty = _both(lambda words: words.text("reading.wallets_empty"))
        variants = [{"label": None, "reading": empty, "figure": None, "table": None}]
    initial = months.index(data.month) if data.month in months else 0
    return {"select": "select.month", "initial": initial, "variants": variants}


def _both(reading: Callable[[Words], str]) -> dict[str, str]:
    return {language: reading(Words(language)) for language in LANGUAGES}
