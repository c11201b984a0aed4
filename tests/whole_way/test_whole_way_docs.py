"""The models' documentation of the samples' release, in a real browser without a network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.publish.release import current_release
from pipelines.reports.screenshots import NoBrowserError, chromium
from pipelines.warehouse.dbt_run import dbt_environment

NAMED = {"CNY", "Asia/Shanghai"}  # settings that the documentation may speak of


@pytest.fixture(scope="module")
def release(sample_run):
    return current_release(sample_run.workspace)


def test_nothing_of_the_machine_is_in_it(sample_run, release):
    page = release.docs.read_text(encoding="utf-8")
    signing_key = Path(os.environ["WALLET_SIGNING_KEY_FILE"])
    private = {str(sample_run.workspace.root), str(sample_run.workspace.lake), str(Path.home())}
    private |= {str(signing_key), signing_key.read_text("ascii"), sample_run.settings.pseudonym_key}
    settings = set(dbt_environment(sample_run.workspace).values()) - NAMED
    private |= {value for value in settings if len(value) > 4}
    assert [value for value in private if value in page] == []


@pytest.mark.browser
def test_it_opens_and_asks_for_nothing(release):
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    requests, complaints = [], []
    try:
        with chromium() as browser:
            tab = browser.new_context(offline=True).new_page()
            tab.on("request", lambda request: requests.append(request.url))
            tab.on("console", lambda line: complaints.append(line.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            address = release.docs.as_uri()
            tab.goto(address)
            tab.click("td a[href$='#!/model/model.wallet.published_analyst__fct_payments']")
            tab.wait_for_selector("h1:has-text('published_analyst__fct_payments')")
            text = tab.inner_text("body")
            assert "One row per order intent" in text
            assert "order_key" in text
            assert "UUID" in text
            assert "from {{ ref('fct_payments') }}" in tab.text_content("pre code")
            tab.goto(f"{address}#!/metric/metric.wallet.attempt_success_rate")
            tab.wait_for_selector("text=attempts that succeeded or failed")
            assert "尝试成功率" in tab.inner_text("h1")
    except NoBrowserError as missing:
        pytest.skip(str(missing))
    assert complaints == []
    assert {url.split("#")[0] for url in requests} == {address}
