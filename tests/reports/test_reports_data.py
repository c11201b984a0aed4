from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from reports_release import FIRST_DAY, LAST_DAY, META, build_marketing_db

from pipelines.reports.data import SEGMENT_ORDER, ReportData, month_totals
from pipelines.reports.intervals import wilson
from pipelines.reports.kpis import KPI_METRICS, build_kpis
from pipelines.reports.marketing_file import DAYS_SHOWN, load_report_data
from pipelines.reports.tables import rolling_week, wallet_comparison


@pytest.fixture(scope="module")
def data(marketing_db: Path) -> ReportData:
    return load_report_data(marketing_db)


def test_period_month_and_currency(data):
    assert (data.first_day, data.last_day) == (FIRST_DAY, LAST_DAY)
    assert (data.month, data.previous, data.is_month_complete) == (
        date(2026, 3, 1),
        date(2026, 2, 1),
        True,
    )
    assert (data.currency, data.other_currencies) == ("CNY", ())


def test_a_running_month_is_not_the_headline(tmp_path, release_rows):
    freshness = [("payment_attempts", date(2026, 3, 20), FIRST_DAY, 1, 1, 0, 1, 0, 0, 0, 0, 0)]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"data_freshness": freshness})
    running = load_report_data(path)
    assert (running.month, running.previous) == (date(2026, 2, 1), date(2026, 1, 1))


def test_january_follows_december(tmp_path, release_rows):
    moved = [
        (month, *rest)
        for (_, *rest), month in zip(
            release_rows["wallet_performance"],
            [date(2025, 12, 1)] * 3 + [date(2026, 1, 1)] * 3,
            strict=False,
        )
    ]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"wallet_performance": moved})
    turned = load_report_data(path)
    assert (turned.month, turned.previous) == (date(2026, 1, 1), date(2025, 12, 1))


def test_segments_come_in_reading_order_with_their_audience_size(data):
    assert data.segments["lifecycle_segment"].to_list() == SEGMENT_ORDER
    assert data.segments["members"].to_list() == data.segments["users"].to_list()


def test_amounts_of_other_currencies_are_never_added(tmp_path, release_rows):
    foreign = [
        (*row[:17], row[17] * 0.01, *row[18:-1], "USD")
        for row in release_rows["wallet_performance"]
        if row[1] == "apple_pay"
    ]
    mixed = release_rows["wallet_performance"] + foreign
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"wallet_performance": mixed})
    mixed_data = load_report_data(path)
    plain = load_report_data(build_marketing_db(tmp_path / "plain.duckdb", release_rows))
    assert mixed_data.other_currencies == ("USD",)
    month = date(2026, 3, 1)
    assert month_totals(mixed_data, month)["captured_amount"] == pytest.approx(
        month_totals(plain, month)["captured_amount"]
    )


def test_month_totals_equal_the_published_rows(data, release_rows):
    rows = [row for row in release_rows["wallet_performance"] if row[0] == date(2026, 3, 1)]
    totals = month_totals(data, date(2026, 3, 1))
    assert totals["attempts"] == sum(row[3] for row in rows)
    assert totals["orders_succeeded"] == sum(row[11] for row in rows)
    assert totals["captured_amount"] == pytest.approx(sum(row[17] for row in rows))
    assert month_totals(data, None) == {}


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe (1998), Two-sided confidence intervals for the single proportion, table I.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 0, 0, 1),
    ],
)
def test_wilson_interval(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_kpis_with_change_and_interval(data):
    cards = {card["id"]: card for card in build_kpis(data)}
    assert list(cards) == list(KPI_METRICS)
    success = cards["order_success_rate"]
    assert 0.98 < success["value"] < 1
    assert success["low"] is None, "6,786 orders need no interval"
    assert 0 < success["change"] < 0.01
    recovered = cards["recovered_share"]
    assert recovered["n"] < 1000
    assert recovered["value"] == pytest.approx(0.45, abs=0.005), "of orders that failed first"
    assert recovered["low"] < recovered["value"] < recovered["high"]
    # Refunded payments over payments: 22 in a thousand of each wallet, to the whole payment.
    assert cards["refund_rate"]["value"] == pytest.approx(0.022, abs=2e-4)
    assert cards["refund_rate"]["n"] > 0
    assert cards["refund_rate"]["good"] == "down"
    assert cards["captured_amount"]["change"] > 0
    assert {card["definition"] for card in cards.values()} == set(KPI_METRICS.values())


def test_bills_without_an_attempt_log_still_give_a_refund_rate(tmp_path, release_rows):
    bills_only = [
        (*row[:3], 0, 0, 0, 0, None, None, None, 0, 0, None, 0, 0, *row[15:])
        for row in release_rows["wallet_performance"]
    ]
    path = build_marketing_db(
        tmp_path / "m.duckdb", {**release_rows, "wallet_performance": bills_only}
    )
    cards = {card["id"]: card for card in build_kpis(load_report_data(path))}
    assert cards["refund_rate"]["value"] == pytest.approx(0.022, abs=2e-4)
    assert cards["order_success_rate"]["value"] is None
    assert cards["captured_amount"]["value"] > 0


def test_kpis_of_an_empty_release_are_blank(empty_db):
    assert all(card["value"] is None for card in build_kpis(load_report_data(empty_db)))


def test_rolling_week_pools_counts_not_rates():
    daily = pl.DataFrame(
        {
            "business_date": [date(2026, 1, 1) + timedelta(days=n) for n in range(8)],
            "wallet": ["alipay"] * 8,
            "succeeded": [90, 0, 0, 0, 0, 0, 0, 10],
            "failed": [10, 10, 10, 10, 10, 10, 10, 0],
        }
    )
    rates = rolling_week(daily)["rolling_rate"].to_list()
    assert rates[0] == pytest.approx(0.9)
    assert rates[6] == pytest.approx(90 / 160)
    assert rates[7] == pytest.approx(10 / 70), "the first day has left the window"


def test_long_histories_are_cut_to_the_newest_days(tmp_path, release_rows):
    first = date(2024, 1, 1)
    days = [(first + timedelta(days=n), "alipay", 20, 100, 90, 10, 0, 0.9) for n in range(800)]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"daily_performance": days})
    shown = load_report_data(path).daily
    assert shown.height == DAYS_SHOWN
    assert shown["business_date"].max() == first + timedelta(days=799)


def test_wallet_table_compares_with_the_month_before(data):
    table = wallet_comparison(data, date(2026, 3, 1))
    keys = [column["key"] for column in table["columns"]]
    change = keys.index("column.order_success_change")
    assert [row[0] for row in table["rows"]] == ["wechat_pay", "alipay", "apple_pay"]
    assert table["rows"][0][change] > 0
    first = wallet_comparison(data, date(2026, 1, 1))
    assert all(row[change] is None for row in first["rows"])


def test_a_missing_table_is_named(tmp_path):
    path = tmp_path / f"marketing-{META['release_id']}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE cluster_summary (cluster_id INTEGER)")
    with pytest.raises(duckdb.CatalogException, match="segment_summary"):
        load_report_data(path)
