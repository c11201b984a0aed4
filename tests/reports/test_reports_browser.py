"""The page in a real browser, offline. One Chromium for the whole module."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from reports_release import META, build_marketing_db

from pipelines.reports import render_report

CHROMIUM = Path("/usr/bin/chromium")
CHARTS = 15

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def opened(browser, report: Path) -> Iterator[tuple]:
    """The Chinese page at desktop width, with everything it asked for and complained about."""
    context = browser.new_context(
        offline=True, locale="zh-CN", color_scheme="light", viewport={"width": 1280, "height": 900}
    )
    tab = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on(
        "console",
        lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None,
    )
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(report.as_uri())
    tab.wait_for_selector("html[data-ready]", timeout=20_000)
    yield tab, requests, complaints
    context.close()


@pytest.fixture
def tab(opened):
    return opened[0]


def test_draws_everything_without_a_request_or_an_error(opened):
    tab, requests, complaints = opened
    assert tab.locator(".chart .main-svg:first-child").count() == CHARTS
    assert [url for url in requests if not url.startswith(("file:", "blob:"))] == []
    assert complaints == []


def test_no_button_that_uploads(tab):
    assert tab.locator(".modebar-btn").count() == 0
    assert "Share chart" not in tab.content()


def test_language_switch(tab):
    assert tab.locator("html").get_attribute("lang") == "zh-Hans"
    assert tab.locator("h1").text_content() == "钱包支付报告"
    tab.click("#language")
    assert tab.locator("html").get_attribute("lang") == "en"
    assert tab.locator("h1").text_content() == "Wallet payments report"
    assert tab.locator("#headline").text_content().startswith("In March 2026")
    chart = tab.locator("#chart-failure_causes")
    assert "WeChat Pay" in chart.text_content()
    assert chart.get_attribute("aria-label").startswith("Causes of failed payments: Insufficient")
    tab.click("#language")
    assert "微信支付" in chart.text_content()


def test_counts_are_written_in_the_number_of_the_language(browser, tmp_path, release_rows):
    one = [(*row[:3], 1, 1, 0, *row[6:]) for row in release_rows["data_freshness"]]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"data_freshness": one})
    page = render_report(path, None, tmp_path / "report.html", META)
    context = browser.new_context(offline=True, locale="en-US")
    tab = context.new_page()
    tab.goto(page.as_uri())
    head = tab.locator("#freshness").text_content()
    assert "1 file, 1 row, 0 rejected" in head
    assert "(14 of 14 data checks)" in head
    context.close()


def test_dimension_select_changes_the_chart_and_the_sentence(tab):
    card = tab.locator('[data-card="failure_breakdown"]')
    before = card.locator(".reading").text_content()
    assert "4.11.0" in card.locator(".chart").text_content()
    card.locator("select").select_option(label="渠道")
    assert "小程序" in card.locator(".chart").text_content()
    assert card.locator(".reading").text_content() != before
    card.locator("select").select_option(label="银行")
    shown = card.locator(".chart .yaxislayer-above").text_content()
    assert "<b>CCB</b> & Co" in shown, "a value from the data is text, never markup"


def test_csv_has_the_rows_of_the_table_and_is_safe_in_a_spreadsheet(tab):
    card = tab.locator('[data-card="failure_breakdown"]')
    card.locator("select").select_option(label="地区")
    card.locator("details.numbers > summary").click()
    with tab.expect_download() as download:
        card.locator(".download").click()
    assert download.value.suggested_filename == (
        "wallet-report-failure_breakdown-region-2026-03-31.csv"
    )
    raw = Path(download.value.path()).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    assert header[0] == "取值"
    assert len(rows) == card.locator("tbody tr").count() == 4
    assert "'=HYPERLINK(1)" in {row[0] for row in rows}


def test_tables_sort_by_any_column(tab):
    card = tab.locator('[data-card="wallet_comparison"]')
    card.get_by_role("button", name="按用户数排序").click()
    assert card.locator("th").nth(1).get_attribute("aria-sort") == "descending"
    card.get_by_role("button", name="按用户数排序").click()
    assert card.locator("tbody td").first.text_content() == "Apple Pay"


def test_definition_opens_and_closes_by_keyboard(tab):
    tip = tab.locator("#kpis .info").first
    tip.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert tip.locator(".tip").is_visible()
    tab.keyboard.press("Escape")
    assert not tip.locator(".tip").is_visible()


def test_dark_mode_repaints_page_and_charts(tab):
    def ink() -> str:
        return tab.evaluate(
            "getComputedStyle(document.querySelector('#chart-daily_success .xtick text')).fill"
        )

    light = ink()
    tab.click("#theme")
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    assert ink() != light
    tab.click("#theme")
    assert ink() == light


def test_phone_has_no_horizontal_overflow_and_follows_the_system_theme(browser, report):
    context = browser.new_context(
        offline=True, locale="en-US", color_scheme="dark", viewport={"width": 390, "height": 844}
    )
    tab = context.new_page()
    tab.goto(report.as_uri())
    tab.wait_for_selector("html[data-ready]", timeout=20_000)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    rights = tab.locator(".chart .main-svg").evaluate_all(
        "charts => charts.map(chart => chart.getBoundingClientRect().right)"
    )
    assert max(rights) <= 390
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    assert tab.locator("html").get_attribute("lang") == "en"
    context.close()


def test_an_open_table_gets_the_whole_width_and_the_chart_with_it(tab):
    card = tab.locator('[data-card="failure_money"]')
    chart = card.locator(".chart .main-svg").first
    before = chart.bounding_box()["width"]
    card.locator("details.numbers > summary").click()
    tab.wait_for_function(
        "width => document.querySelector("
        "'#chart-failure_money .main-svg').getBoundingClientRect().width > width",
        arg=before,
    )
    card.locator("details.numbers > summary").click()


def test_print_opens_the_short_tables(tab):
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator('[data-card="failure_money"] details.numbers[open]').count() == 1
    assert tab.locator('[data-card="daily_success"] details.numbers[open]').count() == 0
    assert tab.locator("html").get_attribute("data-theme") == "light"
