"""The pages in a real browser, offline. One Chromium for the whole module, one tab per language."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from reports_release import META, build_marketing_db

from pipelines.reports import latency_buckets, render_report
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.pages import PAGES, file_name
from pipelines.reports.screenshots import NoBrowserError, chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    try:
        with chromium() as opened:
            yield opened
    except NoBrowserError as missing:
        pytest.skip(str(missing))


class Watched:
    """A tab with everything it asked for and complained about."""

    def __init__(self, browser, report: Path, **options) -> None:
        self.report = report
        self.context = browser.new_context(offline=True, **options)
        self.tab = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", self._hear)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, line) -> None:
        if line.type in ("error", "warning"):
            self.complaints.append(line.text)

    def open(self, page: str, *, anew: bool = True):
        """The page, loaded anew unless it is there and what was done to it does no harm."""
        address = self.report.with_name(file_name(page)).as_uri()
        if anew or self.tab.url != address:
            self.tab.goto(address)
            self.tab.wait_for_selector("html[data-ready]", timeout=60_000)
        return self.tab


@pytest.fixture(scope="module")
def chinese(browser, report: Path) -> Iterator[Watched]:
    size = {"width": 1280, "height": 900}
    watched = Watched(browser, report, locale="zh-CN", color_scheme="light", viewport=size)
    yield watched
    watched.context.close()


# Between them they have everything that a page is made of; axe takes a second a page.
READ_ALOUD = ("overview", "performance", "segments", "quality", "glossary")


def serious(tab, **options) -> list[str]:
    """What axe-core calls serious or critical; charts are pictures with a sentence and a table."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not there")
    found = axe.Axe().run(tab, context={"exclude": [[".chart"]]}, options=options or None)
    assert found.response["passes"], "axe looked at nothing"
    return [
        f"{rule['id']} {node['target']}"
        for rule in found.response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


# ---- every page ----------------------------------------------------------------------------


def test_every_page_draws_its_charts_quietly_and_reads_well_aloud(chinese):
    for page in PAGES:
        tab = chinese.open(page.name)
        cards = json.loads(tab.locator("#report-data").text_content())["cards"]
        charts = sum(bool(c["variants"][c["initial"]]["figure"]) for c in cards.values())
        assert tab.locator(".chart .main-svg:first-child").count() == charts, page.name
        assert tab.locator(".modebar-btn").count() == 0
        assert "Share chart" not in tab.content()
        assert page.name not in READ_ALOUD or serious(tab) == [], page.name
    asked = [url for url in chinese.requests if not url.startswith(("file:", "blob:"))]
    assert asked == []
    assert chinese.complaints == []


def test_first_view_comes_within_two_seconds(chinese):
    """From opening the file until words and tables are there; charts follow."""
    chinese.open("segments")
    spent = chinese.tab.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    )
    assert spent < 2000


def test_phones_have_no_horizontal_overflow_and_follow_the_system(browser, report):
    phone = Watched(
        browser,
        report,
        locale="en-US",
        color_scheme="dark",
        viewport={"width": 390, "height": 844},
    )
    for page in PAGES:
        tab = phone.open(page.name)
        assert tab.evaluate("document.documentElement.scrollWidth") == 390, page.name
        rights = tab.locator(".chart .main-svg").evaluate_all(
            "charts => charts.map(chart => chart.getBoundingClientRect().right)"
        )
        assert max(rights, default=0) <= 390, page.name
        if page.name in READ_ALOUD:
            assert serious(tab, runOnly=["color-contrast"]) == [], page.name
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    assert tab.locator("html").get_attribute("lang") == "en"
    phone.context.close()


# ---- language, theme, filter ---------------------------------------------------------------


def test_language_switch_and_links_carry_it_on(chinese):
    failures = chinese.open("failures")
    assert failures.locator("html").get_attribute("lang") == "zh-Hans"
    assert failures.locator("h1").text_content() == "失败与对策"
    failures.click("#language")
    assert failures.locator("html").get_attribute("lang") == "en"
    assert failures.locator("h1").text_content() == "Failures and what to do"
    chart = failures.locator("#chart-failure_causes")
    assert "WeChat Pay" in chart.text_content()
    assert chart.get_attribute("aria-label").startswith("Causes of failed payments: Insufficient")
    failures.locator("#pages a", has_text="Refunds").click()
    failures.wait_for_selector("html[data-ready]")
    assert failures.locator("h1").text_content() == "Refunds"
    failures.click("#language")
    assert "微信支付" in failures.locator("#chart-refund_amounts").text_content()


def test_filter_leaves_wallets_out_of_charts_tables_and_headline_figures(chinese, release_rows):
    tab = chinese.open("overview")
    value = tab.locator(".kpi .value").first
    before = value.text_content()
    lines = tab.locator("#chart-daily_success .scatterlayer .trace")
    assert lines.count() == 3
    tab.locator('[data-wallet="wechat_pay"]').uncheck()
    tab.locator('[data-wallet="apple_pay"]').uncheck()
    assert lines.count() == 1
    assert value.text_content() != before
    (march,) = [
        row
        for row in release_rows["wallet_performance"]
        if row[0].month == 3 and row[1] == "alipay"
    ]
    assert value.text_content() == f"{march[11] / march[10]:.1%}"
    wallets = set(
        tab.locator('[data-card="daily_success"] tbody td:nth-child(2)').all_text_contents()
    )
    assert wallets == {"支付宝"}
    tab.locator("#pages a", has_text="性能与高峰").click()
    tab.wait_for_selector("html[data-ready]")
    assert tab.locator('[data-wallet="wechat_pay"]').is_checked() is False
    assert tab.locator("#chart-hour_failures .ytick").count() == 1


def test_a_month_is_chosen_for_figures_days_and_lists_and_travels_along(chinese, release_rows):
    tab = chinese.open("overview")
    days = tab.locator("#chart-daily_success .bars .point")
    everything = days.count()
    newest = tab.locator("#kpis").text_content()
    tab.select_option("#month", "2026-02-01")
    of_month = [row for row in release_rows["wallet_performance"] if row[0].month == 2]
    captures, refunded = (sum(row[place] for row in of_month) for place in (15, 16))
    refunds = tab.locator(".kpi", has_text="退款率")
    assert refunds.locator(".value").text_content() == f"{refunded / captures:.1%}"
    assert "2026年2月" in refunds.text_content()
    february = sum(row[0].month == 2 for row in release_rows["daily_performance"])
    assert days.count() == february < everything
    assert tab.locator('[data-card="daily_success"] tbody tr').count() == february
    tab.locator("#pages a", has_text="选择钱包").click()
    tab.wait_for_selector("html[data-ready]")
    assert tab.locator("#select-wallet_comparison option:checked").text_content() == "2026年2月"
    tab.select_option("#month", "")
    assert tab.locator("#select-wallet_comparison option:checked").text_content() == "2026年3月"
    tab.locator("#pages a", has_text="总览").click()
    tab.wait_for_selector("html[data-ready]")
    assert tab.locator("#kpis").text_content() == newest


def test_a_click_on_a_cause_opens_its_details(chinese):
    tab = chinese.open("failures", anew=False)
    details = tab.locator('[data-card="cause_detail"]')
    details.locator("select").select_option(index=3)
    chart = tab.locator("#chart-failure_causes")
    tab.emulate_media(reduced_motion="reduce")
    chart.scroll_into_view_if_needed()
    clicked = chart.evaluate("chart => chart.data[0].ids[1]")
    bar = chart.locator(".point").nth(1).bounding_box()
    tab.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    cards = json.loads(tab.locator("#report-data").text_content())["cards"]
    labels = [variant["label"] for variant in cards["cause_detail"]["variants"]]
    assert details.locator("select").input_value() == str(labels.index(f"@{clicked}")) != "3"
    reading = cards["cause_detail"]["variants"][labels.index(f"@{clicked}")]["reading"]["zh"]
    assert details.locator(".reading").text_content() == reading


def test_percentiles_of_shown_wallets_are_read_off_added_up_buckets(chinese, marketing_db):
    data = load_report_data(marketing_db)
    march = data.latency.filter(data.latency["month"] == data.month)
    tab = chinese.open("performance")

    def shown() -> list[str]:
        return tab.locator('[data-card="latency_histogram"] .quantiles dd').all_text_contents()

    def expected(rows) -> list[str]:
        found = [
            latency_buckets.quantile(latency_buckets.added_buckets(rows, "attempts"), s)
            for s in (0.5, 0.95, 0.99)
        ]
        rounded = [(f"{float(f'{value:.2g}'):,.0f}", is_open) for value, is_open in found]
        return [f"{'超过' if is_open else '约'} {value} 毫秒" for value, is_open in rounded]

    assert shown() == expected(march)
    tab.locator('[data-wallet="alipay"]').uncheck()
    assert shown() == expected(march.filter(march["wallet"] != "alipay"))


def test_dark_mode_repaints_page_and_charts(chinese):
    tab = chinese.open("overview")

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


# ---- cards ---------------------------------------------------------------------------------


def test_select_changes_the_chart_and_the_sentence(chinese):
    tab = chinese.open("failures", anew=False)
    card = tab.locator('[data-card="failure_breakdown"]')
    before = card.locator(".reading").text_content()
    assert "4.11.0" in card.locator(".chart").text_content()
    card.locator("select").select_option(label="渠道")
    assert "小程序" in card.locator(".chart").text_content()
    assert card.locator(".reading").text_content() != before
    card.locator("select").select_option(label="银行")
    shown = card.locator(".chart .yaxislayer-above").text_content()
    assert "<b>CCB</b> & Co" in shown, "a value from the data is text, never markup"


def test_csv_has_the_rows_of_the_table_and_is_safe_in_a_spreadsheet(chinese):
    tab = chinese.open("failures", anew=False)
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


def test_tables_sort_by_any_column(chinese):
    tab = chinese.open("wallets")
    card = tab.locator('[data-card="wallet_comparison"]')
    card.get_by_role("button", name="按用户数排序").click()
    assert card.locator("th").nth(1).get_attribute("aria-sort") == "descending"
    card.get_by_role("button", name="按用户数排序").click()
    assert card.locator("tbody td").first.text_content() == "Apple Pay"


def test_definition_opens_on_hover_and_by_keyboard(chinese):
    tab = chinese.open("overview")
    tip = tab.locator("#kpis .info").first
    tip.locator("summary").hover()
    assert tip.locator(".tip").is_visible()
    tab.mouse.move(0, 0)
    assert not tip.locator(".tip").is_visible()
    tip.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert tip.locator(".tip").is_visible()
    tab.keyboard.press("Escape")
    assert not tip.locator(".tip").is_visible()
    assert "#order_success_rate" in tip.locator("a").get_attribute("href")


def test_an_open_table_gets_the_whole_width_and_the_chart_with_it(chinese):
    tab = chinese.open("failures", anew=False)
    card = tab.locator('[data-card="failure_money"]')
    before = card.locator(".chart .main-svg").first.bounding_box()["width"]
    card.locator("details.numbers > summary").click()
    tab.wait_for_function(
        "width => document.querySelector("
        "'#chart-failure_money .main-svg').getBoundingClientRect().width > width",
        arg=before,
    )


def test_print_opens_the_short_tables(chinese):
    tab = chinese.open("failures", anew=False)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator('[data-card="failure_money"] details.numbers[open]').count() == 1
    assert tab.locator('[data-card="failure_causes"] details.numbers[open]').count() == 1
    tab = chinese.open("overview")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator('[data-card="daily_success"] details.numbers[open]').count() == 0
    assert tab.locator("html").get_attribute("data-theme") == "light"


def test_charts_are_as_wide_as_the_paper_and_then_as_the_window(chinese):
    """Drawn for a window, wide charts were cut at the margin and narrow ones left half a page."""
    tab = chinese.open("support")
    tab.set_viewport_size({"width": 1400, "height": 900})
    widths = """[...document.querySelectorAll('.chart')].map(
        (box) => [box.clientWidth, box.querySelector('.main-svg').clientWidth])"""
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    on_paper = tab.evaluate(widths)
    assert len({box for box, _ in on_paper}) == 1
    assert all(drawn == box < 920 for box, drawn in on_paper)
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    for _ in range(50):
        on_screen = tab.evaluate(widths)
        if all(box == drawn for box, drawn in on_screen):
            break
        tab.wait_for_timeout(100)
    assert all(box == drawn for box, drawn in on_screen)
    assert len({box for box, _ in on_screen}) == 2


def test_counts_are_written_in_the_number_of_the_language(browser, tmp_path, release_rows):
    one = [
        (*release_rows["data_freshness"][0][:3], 1, 1, 0, *release_rows["data_freshness"][0][6:])
    ]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"data_freshness": one})
    page = render_report(path, None, tmp_path / "report.html", META | {"inputs": "merchant"})
    english = Watched(browser, page, locale="en-US")
    head = english.open("overview").locator("#freshness").text_content()
    assert "1 file, 1 row, 0 rejected" in head
    assert "(14 of 14 data checks)" in head
    assert english.tab.locator("#stale").is_hidden()
    english.context.close()
