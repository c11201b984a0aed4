"""The marketer's ten tasks: clicks in the report of the current release, in a headless Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from task_list import Seen, Task, expect

from pipelines.reports.screenshots import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page


def tasks(wallet: Callable[..., str]) -> Iterator[Task]:
    """The list, with the report open; `wallet` runs a command and returns what it prints."""
    found = re.search(r"\S*report\.html", wallet("report", "--print").replace("\n", ""))
    expect(found, "wallet report names no page")
    overview = Path(found.group())
    with chromium() as browser:
        context = browser.new_context(
            offline=True,
            locale="en-US",
            reduced_motion="reduce",  # a page that still scrolls is clicked in the wrong place
            viewport={"width": 1280, "height": 900},
        )
        walk = _Walk(context.new_page(), overview, wallet)
        yield Task("Open the report: how many orders were paid this month?", walk.opens)
        yield Task("And in February, with Alipay only?", walk.february)
        yield Task("What exactly is a refund rate?", walk.defines)
        yield Task("Which wallet succeeds most often, what does it cost?", walk.compares)
        yield Task("When is it busiest, and do payments suffer then?", walk.peaks)
        yield Task("Why do payments fail; where does the second largest cause strike?", walk.cause)
        yield Task("What should we do first, and what would it bring?", walk.advises)
        yield Task("Who is slipping away, how many, what to do?", walk.segments)
        yield Task("The same in Chinese, on paper", walk.prints)
        yield Task("Take the table and the list of people away", walk.takes_away)


class _Walk:
    def __init__(self, tab: Page, overview: Path, wallet: Callable[..., str]) -> None:
        self.tab, self.overview, self.wallet = tab, overview, wallet

    def _go(self, page: str) -> None:
        with self.tab.expect_navigation():
            self.tab.locator("#pages a", has_text=page).click()
        self.tab.wait_for_selector("html[data-ready]")

    def _reading(self, card: str) -> str:
        return self.tab.locator(f'[data-card="{card}"] .reading').text_content() or ""

    def opens(self) -> Seen:
        self.tab.goto(self.overview.as_uri())
        self.tab.wait_for_selector("html[data-ready]")
        expect(self.tab.locator(".kpi").count() == 5, "there are no headline figures")
        return self.tab.locator(".kpi").first.inner_text().replace("\n", " ")

    def february(self) -> Seen:
        self.tab.select_option("#month", "2026-02-01")
        self.tab.locator('[data-wallet="wechat_pay"]').uncheck()
        text = self.tab.locator(".kpi").first.inner_text()
        expect("February 2026" in text, f"it still says {text}")
        self.tab.locator('[data-wallet="wechat_pay"]').check()
        self.tab.select_option("#month", "")
        return text.replace("\n", " ")

    def defines(self) -> Seen:
        tip = self.tab.locator(".kpi", has_text="Refund rate").locator(".info")
        tip.locator("summary").hover()
        text = tip.locator(".tip").inner_text()
        expect("Out of" in text, "the definition names no denominator")
        self.tab.mouse.move(0, 0)
        return text.replace("\n", " ")

    def compares(self) -> Seen:
        self._go("Choosing a wallet")
        return self._reading("side_by_side")

    def peaks(self) -> Seen:
        self._go("Performance and peaks")
        self.tab.locator("#select-peak_hours").select_option(index=1)
        return self._reading("peak_hours")

    def cause(self) -> Seen:
        self._go("Failures and what to do")
        chart = self.tab.locator("#chart-failure_causes")
        chart.scroll_into_view_if_needed()
        self.tab.wait_for_timeout(400)
        bars = chart.locator(".point")
        boxes = sorted((bars.nth(n).bounding_box() for n in range(bars.count())), key=_top)
        second = next(box for box in boxes if _top(box) > _top(boxes[0]) + 5)
        self.tab.mouse.click(second["x"] + second["width"] / 2, second["y"] + second["height"] / 2)
        chosen = self.tab.locator("#select-cause_detail option:checked").text_content()
        text = self._reading("cause_detail")
        expect(text.startswith(chosen or "?"), f"{chosen} is chosen, but it says {text}")
        first = self.tab.locator("#select-cause_detail option").first.text_content()
        expect(chosen != first, "the click chose nothing")
        return text

    def advises(self) -> Seen:
        row = self.tab.locator('[data-card="failure_advice"] tbody tr').first
        return row.inner_text().replace("\t", " ").replace("\n", " ")

    def segments(self) -> Seen:
        self._go("Segments and audiences")
        person = self.tab.locator(".person", has_text="At risk").first
        return person.inner_text().replace("\n", " ")

    def prints(self) -> Seen:
        self.tab.click("#language")
        title = self.tab.locator("h1").text_content() or ""
        expect(re.search("[一-鿿]", title), f"the title is still {title}")
        self.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        pdf = self.tab.pdf(format="A4")
        expect(pdf.startswith(b"%PDF"), "no PDF")
        return f"{title}, a PDF of {len(pdf) / 1e3:,.0f} kB"

    def takes_away(self) -> Seen:
        card = self.tab.locator('[data-card="segment_shares"]')
        card.locator("details.numbers").evaluate("details => { details.open = true; }")
        with self.tab.expect_download() as download:
            card.locator(".download").click()
        rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        said = self.wallet("audience", "--segment", "at_risk", "--wallet", "alipay")
        return f"{len(rows) - 1} rows of segments; {' '.join(said.split())}"


def _top(box: dict) -> float:
    return box["y"]
