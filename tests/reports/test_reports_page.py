import gzip
import hashlib
import json
import re
from pathlib import Path

import polars as pl
import pytest
from reports_release import META, REGISTRY, build_marketing_db

from pipelines.reports import page
from pipelines.reports.kpis import KPI_METRICS
from pipelines.reports.page import CONTENT_SECURITY_POLICY, embed_json, render_report

XMLNS = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}


@pytest.fixture(scope="module")
def html(report: Path) -> str:
    return report.read_text(encoding="utf-8")


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


def test_page_is_one_file_below_one_megabyte(report, html):
    assert report.stat().st_size < 1_000_000
    assert html.count('id="plotly-gz"') == 1
    assert not re.search(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:,)', html)


def test_no_address_anywhere(html):
    assert set(re.findall(r"https?://[^\s\"'<>)]+", html)) <= XMLNS
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?//""", html)


def test_content_security_policy(html):
    assert (
        f'http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}"'.replace(
            "'", "&#39;"
        )
        in html
    )
    assert "unsafe-eval" not in html
    assert "connect-src" not in CONTENT_SECURITY_POLICY, "default-src 'none' forbids it"


def test_script_never_makes_markup_of_values():
    script = (page.ROOM / "templates" / "report.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", script)
    assert len(script.splitlines()) < 300


def test_json_is_escaped_inside_the_script_tag(html):
    escaped = embed_json({"x": "</script><b>&\u2028\u2029"})
    assert not set("<>&\u2028\u2029") & set(escaped)
    assert json.loads(escaped) == {"x": "</script><b>&\u2028\u2029"}
    assert "<b>CCB</b>" not in html
    assert payload_of(html)["cards"]["failure_breakdown"]["variants"]


def test_same_input_gives_the_same_bytes(marketing_db, report, tmp_path):
    analyst = marketing_db.with_name(f"wallet-{META['release_id']}.duckdb")
    again = render_report(marketing_db, analyst, tmp_path / "again.html", META)
    assert again.read_bytes() == report.read_bytes()


def test_no_user_key_reaches_the_page(html):
    assert "00000000-0000-4000" not in html


def test_page_passes_the_privacy_audit(report):
    from pipelines.privacy.page import audit_page
    from pipelines.privacy.policy import Policy

    audit = audit_page(report, Policy(), known_payloads=[page.PLOTLY_SHA256])
    assert audit.verdict == "pass", audit.checks


def test_sections_in_order_with_a_card_per_figure(html):
    assert re.findall(r'<section id="(\w+)"', html) == [*page.SECTIONS, "method"]
    names = [name for names in page.SECTIONS.values() for name in names]
    assert re.findall(r'data-card="(\w+)"', html) == names
    assert set(payload_of(html)["cards"]) == set(names)


def test_every_metric_shown_is_in_the_registry(html):
    registry = set(pl.read_csv(REGISTRY, infer_schema=False)["metric_id"])
    assert set(KPI_METRICS.values()) <= registry
    assert set(page.FIGURE_METRICS.values()) <= registry
    assert set(payload_of(html)["defined_by"]) == set(page.FIGURE_METRICS)


def test_catalogue_has_every_key_the_template_and_script_use(html):
    strings = payload_of(html)["strings"]
    script = (page.ROOM / "templates" / "report.js").read_text(encoding="utf-8")
    used = set(re.findall(r'data-i18n(?:-label)?="([\w.]+)"', html))
    used |= {key for key in re.findall(r'\bt\("([\w.]+)"', script)}
    used |= {f"about.{name}" for names in page.SECTIONS.values() for name in names}
    used |= {f"kpi.{name}" for name in KPI_METRICS}
    for language, catalogue in strings.items():
        assert used <= set(catalogue), language


def test_sample_data_is_said_to_be_sample_data(html, marketing_db, tmp_path):
    assert "ui.samples_banner" in html
    own = render_report(marketing_db, None, tmp_path / "own.html", META | {"inputs": "merchant"})
    assert 'data-i18n="ui.samples_banner"' not in own.read_text(encoding="utf-8")


def test_missing_meta_is_named(marketing_db, tmp_path):
    meta = {key: value for key, value in META.items() if key != "verdict"}
    with pytest.raises(KeyError, match="verdict"):
        render_report(marketing_db, None, tmp_path / "r.html", meta)


def test_empty_release_gives_sentences_and_no_figure(empty_db, tmp_path):
    html = render_report(empty_db, None, tmp_path / "r.html", META).read_text(encoding="utf-8")
    for name, card in payload_of(html)["cards"].items():
        for variant in card["variants"]:
            assert variant["figure"] is None, name
            assert variant["table"] is None, name
            assert variant["reading"]["zh"], name


def test_unusable_driver_model_shows_neither_chart_nor_table(tmp_path, release_rows):
    model = [(*row[:5], False, *row[6:]) for row in release_rows["failure_driver_model"]]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"failure_driver_model": model})
    html = render_report(path, None, tmp_path / "r.html", META).read_text(encoding="utf-8")
    (variant,) = payload_of(html)["cards"]["failure_drivers"]["variants"]
    assert variant["figure"] is None
    assert variant["table"] is None


def test_breakdown_opens_on_the_clearest_dimension(html):
    card = payload_of(html)["cards"]["failure_breakdown"]
    assert card["variants"][card["initial"]]["label"] == "@dimension.app_version"
