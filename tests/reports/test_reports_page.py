"""The pages without a browser: what is in them, what cannot be, and what each says without data."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import polars as pl
import pytest
from reports_release import META, REGISTRY, build_marketing_db

from pipelines.reports import page
from pipelines.reports.cards import Page
from pipelines.reports.data import ReportData
from pipelines.reports.kpis import KPI_METRICS
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.page import CONTENT_SECURITY_POLICY, embed_json, render_report
from pipelines.reports.pages import PAGES, failures, file_name

XMLNS = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
EACH_PAGE = pytest.mark.parametrize("of", PAGES, ids=[page.name for page in PAGES])


@pytest.fixture(scope="module")
def data(marketing_db: Path) -> ReportData:
    return load_report_data(marketing_db, META["audit"])


@pytest.fixture(scope="module")
def htmls(report: Path) -> dict[str, str]:
    return {
        each.name: report.with_name(file_name(each.name)).read_text(encoding="utf-8")
        for each in PAGES
    }


def payload_of(html: str) -> dict:
    found = re.search(r'id="report-data">(.*?)</script>', html, re.DOTALL)
    return json.loads(found.group(1))


def test_bundle_is_the_version_plotly_ships():
    import plotly.offline

    assert plotly.offline.get_plotlyjs_version() == page.PLOTLY_VERSION
    unpacked = gzip.decompress(page.PLOTLY_BUNDLE.read_bytes())
    assert hashlib.sha256(unpacked).hexdigest() == page.PLOTLY_SHA256
    source = unpacked.decode()
    assert f"plotly.js (cartesian - minified) v{page.PLOTLY_VERSION}" in source[:200]
    assert "Licensed under the MIT license" in source[:300]
    assert "MIT License" in page.PLOTLY_BUNDLE.with_name(
        f"plotly-cartesian-{page.PLOTLY_VERSION}.LICENSE"
    ).read_text(encoding="utf-8")


@EACH_PAGE
def test_a_page_is_one_file_below_a_megabyte_that_asks_for_nothing(of: Page, htmls):
    html = htmls[of.name]
    assert len(html.encode()) < 1_000_000
    assert html.count('id="plotly-gz"') == (of.name not in ("privacy", "glossary"))
    assert not re.search(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:,)', html)
    assert set(re.findall(r"https?://[^\s\"'<>)]+", html)) <= XMLNS
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?//""", html)
    policy = f'http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}"'
    assert policy.replace("'", "&#39;") in html
    assert "unsafe-eval" not in html
    assert "connect-src" not in CONTENT_SECURITY_POLICY, "default-src 'none' forbids it"


def test_pages_link_to_one_another_and_nowhere_else(htmls):
    files = [file_name(each.name) for each in PAGES]
    for name, html in htmls.items():
        links = re.findall(r'<a href="([^"#]+)"', html)
        assert links == files, name
        assert html.count('" aria-current="page"') == 1


def test_scripts_never_make_markup_of_values():
    for name in page.SCRIPTS:
        script = (page.ROOM / "templates" / name).read_text(encoding="utf-8")
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|fetch\("
        assert not re.search(forbidden, script), name
        assert len(script.splitlines()) < 300, name


def test_json_is_escaped_inside_the_script_tag(htmls):
    escaped = embed_json({"x": "</script><b>&\u2028\u2029"})
    assert not set("<>&\u2028\u2029") & set(escaped)
    assert json.loads(escaped) == {"x": "</script><b>&\u2028\u2029"}
    assert "<b>CCB</b>" not in htmls["failures"]
    assert payload_of(htmls["failures"])["cards"]["failure_breakdown"]["variants"]


def test_same_input_gives_the_same_bytes(marketing_db, htmls, tmp_path):
    analyst = marketing_db.with_name(f"wallet-{META['release_id']}.duckdb")
    render_report(marketing_db, analyst, tmp_path / "report.html", META)
    for name, html in htmls.items():
        assert (tmp_path / file_name(name)).read_text(encoding="utf-8") == html


@EACH_PAGE
def test_a_page_passes_the_privacy_audit(of: Page, report):
    from pipelines.privacy.page import audit_page
    from pipelines.privacy.policy import Policy

    path = report.with_name(file_name(of.name))
    audit = audit_page(path, Policy(), known_payloads=[page.PLOTLY_SHA256])
    assert audit.verdict == "pass", audit.problems
    assert "00000000-0000-4000" not in path.read_text(encoding="utf-8")


@EACH_PAGE
def test_a_page_has_a_card_per_figure_in_order(of: Page, htmls):
    html = htmls[of.name]
    assert re.findall(r'<section id="(\w+)"', html) == [*of.sections, "method"]
    names = [card.name for card in of.cards]
    assert re.findall(r'data-card="(\w+)"', html) == names
    assert set(payload_of(html)["cards"]) == set(names)
    assert len(names) == len(set(names))


@EACH_PAGE
def test_a_page_with_data_says_what_it_found_and_shows_it(of: Page, htmls):
    """The made-up release has something for every page: nothing may be blank in either tongue."""
    payload = payload_of(htmls[of.name])
    assert payload["is_told"]
    assert all(payload["headline"].values())
    assert 'id="needs"' not in htmls[of.name]
    for name, card in payload["cards"].items():
        assert all(all(variant["reading"].values()) for variant in card["variants"]), name
        opened = card["variants"][card["initial"]]
        assert opened["figure"] or opened["table"] or opened["extra"], name


def test_every_metric_shown_is_in_the_registry(htmls):
    registry = set(pl.read_csv(REGISTRY, infer_schema=False)["metric_id"])
    assert set(KPI_METRICS.values()) <= registry
    for each in PAGES:
        metrics = {card.metric for card in each.cards if card.metric}
        assert metrics <= registry
        payload = payload_of(htmls[each.name])
        assert set(payload["defined_by"].values()) == metrics
        assert set(payload["definitions"]) <= registry
    assert set(payload_of(htmls["glossary"])["definitions"]) == registry


@EACH_PAGE
def test_catalogue_has_every_key_a_page_and_its_scripts_use(of: Page, htmls):
    payload = payload_of(htmls[of.name])
    used = set(re.findall(r'data-i18n(?:-label)?="([\w.]+)"', htmls[of.name]))
    for name in page.SCRIPTS:
        script = (page.ROOM / "templates" / name).read_text(encoding="utf-8")
        used |= set(re.findall(r'\bt\("([\w.]+)"', script))
    used |= {f"about.{card.name}" for card in of.cards}
    used |= {f"kpi.{name}" for name in KPI_METRICS}
    used |= {
        column["key"]
        for card in payload["cards"].values()
        for variant in card["variants"]
        for column in (variant["table"] or {"columns": []})["columns"]
    }
    tokens = set(re.findall(r'"@((?:axis|series|column)\.\w+)', json.dumps(payload["cards"])))
    for language, catalogue in payload["strings"].items():
        assert used | tokens <= set(catalogue), language


def test_a_page_carries_only_the_words_it_may_show(htmls):
    strings = payload_of(htmls["refunds"])["strings"]["en"]
    assert "figure.refund_amounts" in strings
    assert "figure.failure_causes" not in strings
    assert not [key for key in strings if key.startswith("reading.")]


def test_sample_data_is_said_to_be_sample_data(htmls, marketing_db, tmp_path):
    assert all("ui.samples_banner" in html for html in htmls.values())
    own = render_report(marketing_db, None, tmp_path / "own.html", META | {"inputs": "merchant"})
    assert 'data-i18n="ui.samples_banner"' not in own.read_text(encoding="utf-8")
    assert (tmp_path / "own-refunds.html").is_file()


def test_missing_meta_is_named(marketing_db, tmp_path):
    meta = {key: value for key, value in META.items() if key != "verdict"}
    with pytest.raises(KeyError, match="verdict"):
        render_report(marketing_db, None, tmp_path / "r.html", meta)


def test_an_empty_release_says_on_every_page_which_export_to_add(empty_db, tmp_path):
    meta = {key: value for key, value in META.items() if key != "audit"}
    render_report(empty_db, None, tmp_path / "report.html", meta)
    for each in PAGES:
        html = (tmp_path / file_name(each.name)).read_text(encoding="utf-8")
        assert f'data-i18n="needs.{each.name}"' in html
        payload = payload_of(html)
        assert payload["wallets"] == []
        for name, card in payload["cards"].items():
            for variant in card["variants"]:
                assert variant["figure"] is None, name
                assert variant["table"] is None or name == "published_tables", name
                assert all(variant["reading"].values()), name


def test_unusable_driver_model_shows_neither_chart_nor_table(tmp_path, release_rows):
    model = [(*row[:5], False, *row[6:]) for row in release_rows["failure_driver_model"]]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"failure_driver_model": model})
    payload = page.build_payload(failures.PAGE, load_report_data(path), {})
    (variant,) = payload["cards"]["failure_drivers"]["variants"]
    assert variant["figure"] is None
    assert variant["table"] is None


def test_breakdown_opens_on_the_clearest_dimension(data):
    card = page.build_payload(failures.PAGE, data, {})["cards"]["failure_breakdown"]
    assert card["variants"][card["initial"]]["label"] == "@dimension.app_version"


@EACH_PAGE
def test_a_filter_finds_every_wallet_that_a_page_shows(of: Page, data):
    payload = page.build_payload(of, data, META)
    drawn = {
        trace["name"].split(" · ")[0].removeprefix("@wallet.")
        for card in payload["cards"].values()
        for variant in card["variants"]
        for trace in (variant["figure"] or {"data": []})["data"]
        if trace.get("name", "").startswith("@wallet.")
    }
    assert drawn <= set(payload["wallets"])
    assert "all" not in payload["wallets"]
