"""The data engineer's ten tasks: clicks in the Dagster UI, in a headless Chromium.

A broken bill is put into the landing folder of the workspace in force and taken out again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from task_list import Seen, Task, UnexpectedError, expect

from pipelines.reports.screenshots import chromium
from pipelines.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

_BROKEN = "broken_bill.csv"
_BILL = "attempt_id,merchant_order_id,provider,attempted_at,outcome,amount,currency\na1,o1\n"
_DAYS = "[2026-03-01...2026-03-03]"
_PATIENCE_S = 240


def tasks(port: int, wallet: Callable[..., str]) -> Iterator[Task]:
    """The list, with a browser open on the UI."""
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        tab = context.new_page()
        tab.set_default_timeout(30_000)
        walk = _Walk(tab, f"http://127.0.0.1:{port}", wallet)
        yield Task("Open the UI: which jobs are there?", walk.jobs)
        yield Task("What starts by itself, and when?", walk.automation)
        yield Task("One table: what is it, whose, how many rows, which columns?", walk.table)
        yield Task("What is checked about it?", walk.checks)
        yield Task("A bill came in broken: read new files", walk.reads_broken)
        yield Task("Which check failed, and why?", walk.reason)
        yield Task("What is wrong with the file? Take it out, read again", walk.mends)
        yield Task("Read three days of March again", walk.backfills)
        yield Task("Is what is published still sound?", walk.audits)
        yield Task("What ran last, how long, started by whom?", walk.looks_back)


class _Walk:
    def __init__(self, tab: Page, address: str, wallet: Callable[..., str]) -> None:
        self.tab, self.address, self.wallet = tab, address, wallet
        workspace = Settings().open_workspace()
        if workspace.name != "merchant":
            raise SystemExit(
                "These tasks change the landing folder: set WALLET_DATA_DIR to a copy."
            )
        self.broken = workspace.inputs / _BROKEN

    def _open(self, path: str, text: str) -> str:
        """The page's text once `text` stands on it."""
        self.tab.goto(self.address + path)
        try:
            self.tab.get_by_text(text).first.wait_for()
        except Exception as error:
            raise UnexpectedError(f"{path} never shows {text}") from error
        return self.tab.inner_text("body")

    def _job(self, name: str, *parts: str) -> str:
        return "/".join(["/locations/pipelines.definitions/jobs", name, *parts])

    def _materialize(self, job: str) -> str:
        """Starts a job as its page does and waits for the run's end; its last state."""
        self._open(self._job(job), "Materialize")
        self.tab.locator("button", has_text="Materialize").first.click()
        # A note at the edge of the window names the run and leads to it.
        self.tab.locator("a[href*='/runs/']", has_text="View").first.click()
        return self._end_of_run()

    def _end_of_run(self) -> str:
        state = self.tab.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
        state.wait_for(timeout=_PATIENCE_S * 1000)
        return state.inner_text()

    def jobs(self) -> Seen:
        text = self._open("/jobs", "read_days_again")
        names = [n for n in ("everything", "new_files", "reports_only", "audit_only") if n in text]
        expect(len(names) == 4, f"only {names}")
        return ", ".join(names)

    def automation(self) -> Seen:
        text = self._open("/automation", "weekly_tidy_history")
        return " ".join(text.partition("pipelines.definitions")[2].split())[:200]

    def table(self) -> Seen:
        self._open("/assets/marts/fct_payments", "Row count")
        for wanted in ("One row per", "Column name"):
            self.tab.get_by_text(wanted).first.wait_for()
        text = self.tab.inner_text("body")
        rows = re.search(r"Row count\s+([\d,]+)", text)
        grain = re.search("One row per[^.]+", text)
        expect(rows and grain, "no row count or description")
        return f"{rows[1]} rows; {grain[0]}"

    def checks(self) -> Seen:
        text = self._open("/assets/marts/fct_payments?view=checks", "Succeeded")
        return " ".join(text.partition("Checks (")[2].split())[:180]

    def reads_broken(self) -> Seen:
        self.broken.write_text(_BILL, encoding="utf-8")
        return f"run ended: {self._materialize('new_files')}"

    def reason(self) -> Seen:
        text = self._open("/assets/lake/files?view=checks", "Failed")
        expect(_BROKEN in text, f"the file is not named: {text[-600:]}")
        start = text.index(_BROKEN)
        return " ".join(text[start : start + 180].split())

    def mends(self) -> Seen:
        try:
            self.wallet("doctor", str(self.broken))
        except UnexpectedError as told:
            why = " ".join(str(told).split())
        else:
            raise UnexpectedError("the doctor found nothing wrong")
        finally:
            self.broken.unlink(missing_ok=True)
        state = self._materialize("new_files")
        self._open("/assets/lake/files?view=checks", "none quarantined")
        return f"{state}; {why[:150]}"

    def backfills(self) -> Seen:
        before = self._backfills()
        self._open(self._job("read_days_again", "partitions"), "Launch backfill")
        self.tab.get_by_role("button", name="Launch backfill").click()
        self.tab.get_by_placeholder(re.compile("ex: 20")).fill(_DAYS)
        self.tab.keyboard.press("Enter")
        self.tab.get_by_text(re.compile(r"^Completed \(")).first.wait_for()
        completed = self.tab.get_by_role("checkbox", name=re.compile("Completed"))
        if completed.count() and not completed.first.is_checked():
            completed.first.evaluate("box => box.click()")
        self.tab.get_by_role("button", name=re.compile("Submit 3|Launch 3")).click()
        start = time.monotonic()
        while time.monotonic() - start < _PATIENCE_S:
            self.tab.wait_for_timeout(3000)
            now = {name: state for name, state in self._backfills().items() if name not in before}
            if set(now.values()) & {"Success", "Failed", "Canceled"}:
                break
        expect(set(now.values()) == {"Success"}, f"the backfills end as {now}")
        return f"three days read again: {now}"

    def _backfills(self) -> dict[str, str]:
        """State of each backfill by its id, as their page lists them."""
        self._open("/runs?view=backfills", "Backfills")
        self.tab.wait_for_timeout(1500)
        row = r"\b([a-z]{8})\s+Backfill\s.*?(Success|Failed|Canceled|Requested|In progress)"
        return dict(re.findall(row, self.tab.inner_text("body"), re.DOTALL))

    def audits(self) -> Seen:
        return f"run ended: {self._materialize('audit_only')}"

    def looks_back(self) -> Seen:
        text = self._open("/runs", "read_days_again")
        return " ".join(text.partition("Duration")[2].split())[:160]
