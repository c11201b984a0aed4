"""The reports of the bundled samples: every page audited, every figure as it was published."""

from __future__ import annotations

import json
from contextlib import closing

import duckdb
import pytest

from pipelines.publish.release import current_release
from pipelines.reports import latency_buckets
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.pages import PAGES, file_name


@pytest.fixture(scope="module")
def release(sample_run):
    return current_release(sample_run.workspace)


def test_every_page_is_in_the_release_audited_and_small(release):
    audited = {
        report["file"]["name"] for report in json.loads(release.audit.read_bytes())["reports"]
    }
    for page in PAGES:
        path = release.folder / file_name(page.name)
        assert path.name in audited
        assert path.stat().st_size < 1_500_000
        # The samples show every page: none of them asks for data.
        assert 'id="needs"' not in path.read_text(encoding="utf-8"), page.name
    assert release.report == release.folder / file_name("overview")


def test_percentiles_of_buckets_are_those_of_the_attempts(release):
    """No attempt is missing from the buckets; percentiles are right to a bucket's width."""
    data = load_report_data(release.database("marketing"))
    with closing(duckdb.connect(str(release.database("analyst")), read_only=True)) as con:
        attempts = con.execute(
            "select date_trunc('month', business_date)::date, count(latency_ms),"
            " quantile_cont(latency_ms, [0.5, 0.95, 0.99]) from fct_payment_attempts"
            " where not is_test group by 1"
        ).fetchall()
    assert len(attempts) == 3
    for month, count, exact in attempts:
        rows = data.latency.filter(data.latency["month"] == month)
        assert rows["attempts"].sum() == count
        for share, value in zip((0.5, 0.95, 0.99), exact, strict=True):
            found, is_open = latency_buckets.quantile(
                latency_buckets.added_buckets(rows, "attempts"), share
            )
            # Beyond the last bucket of enough people only a bound is told.
            assert found <= value if is_open else 1 / 1.42 < found / value < 1.42
            assert not (is_open and share < 0.99)


def test_rows_of_all_files_are_told_as_accounted_for(release):
    data = load_report_data(release.database("marketing"))
    fates = ["rows_in_facts", "rows_duplicate", "rows_irrelevant", "rejected_rows"]
    total = data.freshness.select("rows", *fates, "rows_unaccounted", "sums_that_differ").sum()
    row = total.row(0, named=True)
    assert row["rows"] == sum(row[fate] for fate in fates) > 30_000
    assert (row["rows_unaccounted"], row["sums_that_differ"]) == (0, 0)
