"""Sentences of sparse, withheld or one-sided releases: nothing may be said that is not so."""

import dataclasses
from datetime import date
from itertools import count

import polars as pl
import pytest
from reports_release import build_marketing_db

from pipelines.reports import (
    dimensions,
    failure_figures,
    failure_readings,
    readings,
    refunds,
    segment_figures,
    segment_readings,
    tables,
)
from pipelines.reports.catalogue import load_catalogue
from pipelines.reports.data import ReportData
from pipelines.reports.intervals import wilson
from pipelines.reports.kpis import build_kpis
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.page import build_payload
from pipelines.reports.pages import PAGES, segments
from pipelines.reports.words import Words

ZH, EN = Words("zh"), Words("en")
MARCH = date(2026, 3, 1)
FAILURE_READINGS = [failure_readings.causes, failure_readings.money]


@pytest.fixture
def release(tmp_path, release_rows):
    """Builds a release with some tables replaced by the rows given."""
    numbers = count()

    def build(**changes) -> ReportData:
        path = tmp_path / f"marketing-{next(numbers)}.duckdb"
        return load_report_data(build_marketing_db(path, release_rows | changes))

    return build


def of_month(release_rows, table: str) -> list[tuple]:
    return [row for row in release_rows[table] if row[0] == MARCH]


def sources(release_rows, *names: str) -> list[tuple]:
    return [row for row in release_rows["data_freshness"] if row[0] in names]


# ---- withheld is not none ------------------------------------------------------------------


def without_shares(data: ReportData) -> ReportData:
    """As published where one customer makes most of an amount: the row is left out, and no share
    of a total may tell what it came to (`publish.candidate`)."""
    bare = {}
    for field in dataclasses.fields(data):
        frame = getattr(data, field.name)
        if isinstance(frame, pl.DataFrame):
            shares = [
                pl.lit(None, pl.Float64).alias(c) for c in frame.columns if c[:9] == "share_of_"
            ]
            bare[field.name] = frame.with_columns(shares)
    return dataclasses.replace(data, **bare)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_withheld_shares_stop_no_page(page, release):
    """A merchant with one great customer got no release: no page of segments could be drawn."""
    data = without_shares(release())
    for card in page.cards:
        card.build(data)
    assert page.finding(data, EN)


def test_withheld_shares_are_told_as_withheld(release):
    data = without_shares(release())
    for reading in (readings.segments, readings.clusters, segment_readings.value_tiers):
        assert "Shares are withheld" in reading(data, EN)
        assert "占比不予公布" in reading(data, ZH)
    assert readings.headline(data, EN) == "In March 2026, 98.7% of orders were paid."
    assert "%" not in segment_readings.movement(data, EN, MARCH)
    assert segment_figures.segment_shares(data) is None
    assert segment_figures.value_tiers(data) is None


@pytest.mark.parametrize("reading", FAILURE_READINGS, ids=lambda reading: reading.__name__)
def test_a_suppressed_total_is_withheld_not_zero(reading, release):
    hidden = release(failure_breakdown=[])
    assert "withheld because too few people" in reading(hidden, EN)
    assert "不予公布" in reading(hidden, ZH)
    assert "withheld" in failure_readings.breakdown(hidden, EN, "all")


def test_without_a_log_failures_are_not_withheld_but_unknown(release, release_rows):
    bills = sources(release_rows, "wechat_trade_bill", "alipay_trade_bill")
    unlogged = release(failure_breakdown=[], data_freshness=bills)
    for reading in FAILURE_READINGS:
        assert reading(unlogged, EN).startswith("No attempt log in this release.")


def test_no_failure_among_the_published_figures_is_said_so(release, release_rows):
    spotless = [(*row[:5], 0, *row[6:]) for row in release_rows["wallet_performance"]]
    perfect = release(failure_breakdown=[], wallet_performance=spotless)
    assert failure_readings.causes(perfect, EN) == (
        "There is no failed payment among the published figures."
    )


def test_headline_of_a_release_whose_figures_are_all_withheld(release, empty_db):
    hidden = release(wallet_performance=[])
    assert "withheld because too few people" in readings.headline(hidden, EN)
    assert "不予公布" in readings.headline(hidden, ZH)
    nothing = load_report_data(empty_db)
    assert readings.headline(nothing, EN) == "There is no payment data in this release yet."


def test_a_largest_cause_is_not_named_while_withheld_ones_could_outnumber_it(release, release_rows):
    rows = release_rows["failure_breakdown"]
    shown = release(
        failure_breakdown=[row for row in rows if row[2] in ("all", "limit_exceeded", "unknown")]
    )
    sentence = failure_readings.causes(shown, EN)
    assert "largest cause can be named" in sentence
    assert sentence.startswith("1,460 attempts failed; the causes of 1,285")
    assert "largest cause" not in readings.headline(shown, EN)


def test_three_causes_are_only_summed_up_when_there_are_more(release, release_rows):
    three = ("all", "insufficient_funds", "customer_cancelled", "authentication_failed")
    rows = [
        (*row[:4], 800, *row[5:]) if row[2] == "insufficient_funds" else row
        for row in release_rows["failure_breakdown"]
        if row[2] in three
    ]
    assert "first three" not in failure_readings.causes(release(failure_breakdown=rows), EN)


# ---- models, amounts, times ----------------------------------------------------------------


def test_a_model_that_was_never_trained_is_not_called_bad(release, release_rows):
    rows = [
        ("failure_drivers-none", row[1], None, None, None, False, "Too few.", *[None] * 4)
        for row in release_rows["failure_driver_model"]
    ]
    untrained = release(failure_driver_model=rows, failure_drivers=[])
    assert failure_readings.drivers(untrained, EN) == (
        "There was too little data to train and test a model, so no drivers are shown."
    )
    assert "数据太少" in failure_readings.drivers(untrained, ZH)


def log_only(release_rows) -> dict[str, list[tuple]]:
    return {
        "wallet_performance": [
            (*row[:15], 0, 0, 0.0, 0.0, None, None, None, "CNY")
            for row in release_rows["wallet_performance"]
        ],
        "data_freshness": sources(release_rows, "payment_attempts"),
        "segment_summary": [
            (*row[:4], 0.0, None, None, *row[7:]) for row in release_rows["segment_summary"]
        ],
    }


def test_an_attempt_log_alone_captures_no_amount_rather_than_zero(release, release_rows):
    logged = release(**log_only(release_rows))
    card = build_kpis(logged)[-1]
    assert (card["id"], card["value"], card["n"], card["change"]) == (
        "captured_amount",
        None,
        0,
        None,
    )
    assert load_catalogue("en")[card["note"]] == "no wallet bills read"
    table = tables.wallet_comparison(logged, MARCH)
    captured = [column["key"] for column in table["columns"]].index("column.captured_amount")
    assert {row[captured] for row in table["rows"]} == {None}
    assert readings.headline(logged, EN) == "In March 2026, 98.7% of orders were paid."
    assert "No net amount is known" in readings.segments(logged, EN)
    unbilled = release(**log_only(release_rows), refund_summary=[])
    assert refunds.amounts(unbilled, EN).startswith("No wallet bills in this release.")
    assert refunds.turnaround(unbilled, EN) == refunds.amounts(unbilled, EN)


def test_segments_that_are_not_shown_are_not_nobody(release, release_rows):
    early = release(segment_summary=release_rows["segment_summary"][:4])
    assert "slipping" not in readings.segments(early, EN)


def test_captured_amount_counts_captures(release, release_rows):
    rows = [(*row[:15], 7, 0, *row[17:]) for row in release_rows["wallet_performance"]]
    card = build_kpis(release(wallet_performance=rows))[-1]
    assert (card["n"], card["note"]) == (21, None)


def test_captures_without_attempts_of_the_month_do_not_deny_the_log(release, release_rows):
    rows = [
        (*row[:3], 0, 0, 0, 0, None, None, None, 0, 0, None, 0, 0, *row[15:])
        for row in release_rows["wallet_performance"]
    ]
    sentence = readings.headline(release(wallet_performance=rows), EN)
    assert "no attempts of that month" in sentence


@pytest.mark.parametrize(
    ("hours", "english", "chinese"),
    [
        (0.005, "one minute", "1 分钟"),
        (2.6 / 60, "2.6 minutes", "2.6 分钟"),
        (0.4, "24 minutes", "24 分钟"),
        (26.0, "26.0 hours", "26.0 小时"),
    ],
)
def test_durations(hours, english, chinese):
    assert (EN.duration(hours), ZH.duration(hours)) == (english, chinese)


def test_the_only_wallet_with_times_is_not_the_slowest(release, release_rows):
    rows = [
        (*row[:8], 2.6 / 60, 0.3, "CNY")
        if row[1] == "wechat_pay"
        else (*row[:8], None, None, "CNY")
        for row in of_month(release_rows, "refund_summary")
    ]
    only = release(refund_summary=rows)
    assert refunds.turnaround(only, EN) == (
        "In March 2026, half of the WeChat Pay refunds were back within 2.6 minutes, "
        "nine in ten within 18 minutes. "
        "Bills of Alipay, Apple Pay do not say when a refund was done."
    )
    assert "最慢" not in refunds.turnaround(only, ZH)
    few = [(*row[:3], 12, *row[4:]) for row in rows]
    assert refunds.turnaround(release(refund_summary=few), EN).endswith(
        "Only 12 refunds: a small sample."
    )


# ---- hours ---------------------------------------------------------------------------------


def hour(number: int, attempts: int, failed: int, p95: float | None = 900.0) -> tuple:
    rate = 1 - failed / attempts
    return (number, "alipay", 50, attempts, attempts - failed, failed, rate, 300.0, p95)


def test_an_hour_with_fewer_than_100_attempts_is_never_named(release):
    night = hour(3, 60, 30, 9000.0)
    data = release(hourly_performance=[night, hour(12, 400, 20), hour(20, 500, 25)])
    assert readings.hours(data, EN).startswith("No hour stands out")
    assert "03:00" not in readings.latency(data, EN)


def test_the_worst_of_many_hours_must_beat_chance_of_many(release):
    calm = [hour(number, 400, 20) for number in range(23)]
    overall = (23 * 20 + 31) / (24 * 400)
    assert wilson(31, 400)[0] > overall > wilson(31, 400, comparisons=24)[0]
    chance = release(hourly_performance=[*calm, hour(23, 400, 31)])
    assert readings.hours(chance, EN).startswith("No hour stands out (5.1% of attempts fail")
    clear = release(hourly_performance=[*calm, hour(23, 400, 60)])
    assert readings.hours(clear, EN).startswith("Payments fail most at 23:00 (15.0%)")


def test_few_attempts_in_every_hour(release):
    sparse = release(hourly_performance=[hour(9, 40, 4), hour(10, 60, 6)])
    assert readings.hours(sparse, EN) == (
        "No hour stands out: none has 100 attempts with a known outcome "
        "(10.0% of attempts fail overall)."
    )
    assert readings.latency(sparse, ZH).startswith("没有哪个时段特别突出")


def test_the_breakdown_by_hour_follows_the_same_rule(release, release_rows):
    rows = [
        (*row[:3], 60, 30, *row[5:]) if row[:3] == ("local_hour", "3", "all") else row
        for row in release_rows["failure_breakdown"]
    ]
    data = release(failure_breakdown=rows)
    assert "3" not in failure_readings.clear_values(data, "local_hour")["dimension_value"]


# ---- words ---------------------------------------------------------------------------------


def test_amount_bands_carry_the_currency(release):
    data = release()
    sentence = failure_readings.breakdown(data, EN, "amount_band")
    assert "CNY fails clearly more" in sentence
    axis = failure_figures.failure_breakdown(data, "amount_band")["layout"]["yaxis"]
    assert all(name.endswith(" CNY") for name in axis["categoryarray"])
    assert dimensions.dimension_token("amount_band", "unknown", "CNY") == "@amount_band.unknown"


def test_checks_are_checks_on_the_data():
    assert load_catalogue("en")["freshness.checks"] == "{passed} of {total} data checks"
    assert "数据检查" in load_catalogue("zh")["freshness.checks"]


def test_one_file_is_not_one_files():
    catalogue = load_catalogue("en")
    assert catalogue["count.file"] == ("{n} file", "{n} files")
    assert load_catalogue("zh")["column.median_orders"] == "订单数（中位数）"


def test_a_small_month_is_a_small_sample(release, release_rows):
    rows = [
        (*row[:10], 9, 8, 8 / 9, *row[13:]) for row in of_month(release_rows, "wallet_performance")
    ]
    small = release(wallet_performance=rows)
    assert readings.headline(small, EN) == (
        "In March 2026, 24 of 27 orders were paid: a small sample, "
        "too few to draw conclusions from."
    )
    assert "样本太少" in readings.headline(small, ZH)


def test_few_refunds_have_no_shares(release, release_rows):
    rows = [(*row[:3], 4, *row[4:]) for row in of_month(release_rows, "refund_summary")]
    assert refunds.amounts(release(refund_summary=rows), EN).endswith(
        "Refunds: 12, a small sample."
    )


def test_partial_refunds_are_a_part_of_those_whose_payment_is_known(release, release_rows):
    """Wallets together: partial ones of all by linked ones of all, never a mean of shares."""
    rows = of_month(release_rows, "refund_summary")
    counts = {"wechat_pay": (90, 60, 6), "alipay": (40, 4, 4), "apple_pay": (20, 0, 0)}
    told = [(*row[:3], *counts[row[1]], *row[6:]) for row in rows]
    # 10 of 64; weighted by refunds the shares of 10 and 100 % would make 33 %.
    assert "15.6% were partial" in refunds.amounts(release(refund_summary=told), EN)
    orphans = [(*row[:4], 0, 0, row[6], None, *row[8:]) for row in rows]
    for words, said in ((EN, "the payment of none of them"), (ZH, "均未找到对应的付款")):
        assert said in refunds.amounts(release(refund_summary=orphans), words)


def test_a_segment_refunded_in_full_is_described(release):
    payload = build_payload(segments.PAGE, release(), {})
    (people,) = payload["cards"]["segment_cards"]["variants"]
    of_people = people["extra"]["segments"]
    assert "refunded_only" in {row["lifecycle_segment"] for row in of_people}
    for language in ("zh", "en"):
        strings = payload["strings"][language]
        assert strings["segment_rule.refunded_only"]
        assert strings["segment_action.refunded_only"]


def test_amounts_that_few_people_make_are_no_zeros(release, release_rows):
    """Columns 11 to 13 of a cell: at risk, recovered, lost."""
    rows = release_rows["failure_breakdown"]
    assert {len(row) for row in rows} == {16}
    few = [(*row[:12], None, None, *row[14:]) for row in rows]
    data = release(failure_breakdown=few)
    assert "so it is not shown" in failure_readings.money(data, EN)
    assert "少数客户" in failure_readings.money(data, ZH)
    by_cause = failure_readings.money_by_cause(data)
    assert by_cause["amount_at_risk"].sum() > 0
    for name in ("amount_recovered", "amount_lost", "amount_open"):
        assert by_cause[name].is_null().all()
    assert failure_figures.failure_money(data) is None
