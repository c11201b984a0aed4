"""A page: one HTML file with everything in it, readable offline and incapable of a request.

What belongs here: the data object of a page, escaping, the content-security policy, embedding
plotly once, writing all pages of a release. What does not: which cards a page has (`pages`), what
they say, publishing.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipelines.reports.cards import Page, in_every_language
from pipelines.reports.catalogue import LANGUAGES, Text, load_catalogue
from pipelines.reports.data import ReportData
from pipelines.reports.kpis import build_kpis, headline_months, kpis_by_month
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.pages import PAGES, file_name
from pipelines.reports.style import PLOTLY_CONFIG

if TYPE_CHECKING:
    from jinja2 import Template

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
# In this order: the later ones use what the earlier ones define.
SCRIPTS = ("words.js", "parts.js", "report.js")
# Words that only sentences made here use; figures and sections are taken per page.
_ONLY_HERE = {"reading", "rule", "natural", "check"}
_BY_CARD = {"figure", "about"}
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
    """Write all pages of a release and return the path of the overview.

    Args:
        marketing_db: the published marketing file; every number of the pages comes from it.
        analyst_db: the analyst file of the same release; only its name is shown.
        out: the overview's file, such as report.html; the other pages are written beside it
            (report-refunds.html, …). Its folder must exist.
        meta: release_id, generated_at (UTC, ISO 8601), verdict ("pass" or "fail", the word of the
            audit), checks_passed, checks_total, package_version, inputs ("merchant" | "samples");
            optionally timezone, minimum_cell_users and audit (see `load_report_data`).

    The same file and meta give the same bytes. Raises KeyError naming missing meta keys, and
    DuckDB's errors when the file cannot be read or lacks a table.
    """
    missing = sorted(_META_KEYS - set(meta))
    if missing:
        raise KeyError(f"report meta lacks {', '.join(missing)}")
    data = load_report_data(marketing_db, meta.get("audit", ()))
    files = {
        "marketing": marketing_db.name,
        "analyst": analyst_db.name if analyst_db else None,
    }
    plotly = base64.b64encode(PLOTLY_BUNDLE.read_bytes()).decode()
    frame = _frame()
    for page in PAGES:
        payload = build_payload(page, data, meta, out.name) | {"files": files}
        html = _render(frame, payload, plotly)
        out.with_name(file_name(page.name, out.name)).write_text(
            html, encoding="utf-8", newline="\n"
        )
    return out


def build_payload(
    page: Page, data: ReportData, meta: dict[str, Any], overview: str = "report.html"
) -> dict[str, Any]:
    """The data object of one page: everything its script needs, as plain JSON types.

    No user key is among it. `cards` has the page's figures in order of its `sections`; `wallets`
    are those that its filter offers.
    """
    cards = {card.name: card.build(data) for card in page.cards}
    shown = {card.name: card.metric for card in page.cards if card.metric}
    kpis = build_kpis(data) if page.name == "overview" else []
    definitions = {row["metric_id"]: row for row in data.definitions.rows(named=True)}
    used = _metrics_used(cards, shown, kpis) if page.name != "glossary" else set(definitions)
    shown_meta = {key: value for key, value in meta.items() if key != "audit"}
    return {
        "page": page.name,
        "pages": [{"name": other.name, "file": file_name(other.name, overview)} for other in PAGES],
        "sections": {name: [card.name for card in group] for name, group in page.sections.items()},
        "wide": [card.name for card in page.cards if card.is_wide],
        "is_told": page.is_told(data),
        "meta": {"timezone": "Asia/Shanghai", "minimum_cell_users": None} | shown_meta,
        "config": PLOTLY_CONFIG,
        "strings": {language: _strings(language, page) for language in LANGUAGES},
        "headline": in_every_language(lambda words: page.finding(data, words)),
        "tiles": _tiles(data, overview) if page.name == "overview" else [],
        "kpis": kpis,
        "kpi_months": kpis_by_month(data) if page.name == "overview" else {},
        "month_choices": _month_choices(page, cards, data),
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
        "definitions": {name: row for name, row in definitions.items() if name in used},
        "defined_by": {name: metric for name, metric in shown.items() if metric in definitions},
        "wallets": _wallets(cards, kpis),
        "cards": cards,
    }


def embed_json(value: Any) -> Markup:
    """JSON that is safe between script tags: no `<`, no `&`, no line separators of JavaScript."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # Escaped above: the one place where text enters the page without the template's escaping.
    return Markup(text)  # noqa: S704


def _frame() -> Template:
    """The frame of all pages, with its style and scripts in place."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = ROOM / "templates"
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own files, not data: they may not be escaped inside <style> and <script>.
    environment.globals["css"] = Markup((templates / "report.css").read_text("utf-8"))
    environment.globals["script"] = Markup(
        "\n".join((templates / name).read_text("utf-8") for name in SCRIPTS)
    )
    return environment.get_template("report.html")


def _render(frame: Template, payload: dict[str, Any], plotly: str) -> str:
    has_charts = any(
        variant["figure"] for card in payload["cards"].values() for variant in card["variants"]
    )
    return frame.render(
        csp=CONTENT_SECURITY_POLICY,
        payload=embed_json(payload),
        plotly=plotly if has_charts else "",
        plotly_version=PLOTLY_VERSION,
        text=load_catalogue("zh"),
        page=payload,
        is_sample=payload["meta"]["inputs"] == "samples",
    )


def _strings(language: str, page: Page) -> dict[str, Text]:
    """The words a page's script may look up; those with a plural have a list of forms."""
    names = {card.name for card in page.cards}
    words = {}
    for key, text in load_catalogue(language).items():
        group, _, name = key.partition(".")
        if group in _ONLY_HERE or (group in _BY_CARD and name not in names):
            continue
        words[key] = text
    return words


def _month_choices(page: Page, cards: dict[str, Any], data: ReportData) -> list[str]:
    """Months that the page's filter offers, the newest first: those of its figures.

    Only months and days that the release publishes are chosen among; nothing is added up.
    """
    found = set(headline_months(data)) if page.name == "overview" else set()
    months = {month.isoformat() for month in found}
    for card in cards.values():
        for variant in card["variants"]:
            if card["select"] == "select.month":
                months |= set(re.findall(r"@month\.(\d{4}-\d\d-\d\d)", variant["label"] or ""))
            for trace in (variant["figure"] or {"data": []})["data"]:
                if (trace.get("meta") or {}).get("days"):
                    months |= {f"{day[:7]}-01" for day in trace["x"]}
    return sorted(months, reverse=True)


def _tiles(data: ReportData, overview: str) -> list[dict[str, Any]]:
    """What each other page finds, for the overview."""
    return [
        {
            "name": page.name,
            "file": file_name(page.name, overview),
            "finding": in_every_language(lambda words, page=page: page.finding(data, words)),
            "is_told": page.is_told(data),
        }
        for page in PAGES
        if page.name != "overview"
    ]


def _metrics_used(cards: dict, shown: dict[str, str], kpis: list[dict]) -> set[str]:
    """Ids of metrics that a page defines: of its figures, its KPIs and its columns."""
    columns = {
        column["key"].removeprefix("column.")
        for card in cards.values()
        for variant in card["variants"]
        for column in (variant["table"] or {"columns": []})["columns"]
    }
    return columns | set(shown.values()) | {kpi["definition"] for kpi in kpis}


def _wallets(cards: dict[str, Any], kpis: list[dict[str, Any]]) -> list[str]:
    """Wallets that appear in charts, tables or headline figures: what a filter can leave out."""
    found = {wallet for kpi in kpis for wallet in kpi["parts"]}
    for card in cards.values():
        for variant in card["variants"]:
            for trace in (variant["figure"] or {"data": []})["data"]:
                meta = trace.get("meta") or {}
                found |= {meta["wallet"]} if "wallet" in meta else set(meta.get("wallets", ()))
            table = variant["table"] or {"columns": [], "rows": []}
            for place, column in enumerate(table["columns"]):
                if column["key"] == "column.wallet":
                    found |= {row[place] for row in table["rows"] if row[place]}
    return sorted(found - {"all"})
