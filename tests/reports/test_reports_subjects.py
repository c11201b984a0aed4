"""Wallet choice, speed, funnel, support, security, data quality, privacy: what their cards say."""

import math
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from reports_release import AUDIT, LAST_DAY, MONTHS, bucket, build_marketing_db

from pipelines.reports import (
    cause_detail,
    change,
    fees,
    funnel,
    latency_buckets,
    peaks,
    preference,
    response_times,
    security,
    service,
    side_by_side,
    truth,
)
from pipelines.reports.catalogue import load_catalogue
from pipelines.reports.data import ReportData
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.words import Words

ZH, EN = Words("zh"), Words("en")
MARCH = MONTHS[-1]


@pytest.fixture(scope="module")
def data(marketing_db: Path) -> ReportData:
    return load_report_data(marketing_db, AUDIT)


@pytest.fixture(scope="module")
def nothing(empty_db: Path) -> ReportData:
    return load_report_data(empty_db)


@pytest.fixture
def release(tmp_path, release_rows):
    numbers = count()

    def build(**changes) -> ReportData:
        path = tmp_path / f"marketing-{next(numbers)}.duckdb"
        return load_report_data(build_marketing_db(path, release_rows | changes), AUDIT)

    return build


# ---- choosing a wallet ---------------------------------------------------------------------


def test_side_by_side_names_best_cheapest_and_fastest(data):
    sentence = side_by_side.reading(data, EN)
    assert sentence.startswith("From 2026-01-01 to 2026-03-31: Apple Pay had the highest")
    assert "WeChat Pay answered fastest, half of the attempts within 420 ms." in sentence
    assert "cost least, 0.60% of the amount" in sentence


def test_wallets_that_differ_by_chance_are_equal(release, release_rows):
    alike = [
        (*row[:12], 100, 0.9, 0.83, 0.94, *row[16:]) for row in release_rows["wallet_comparison"]
    ]
    assert "equal within chance" in side_by_side.reading(release(wallet_comparison=alike), EN)


def test_fees_that_read_the_same_make_nobody_the_cheapest(release, release_rows):
    alike = [
        (*row[:24], fee, *row[25:])
        for row, fee in zip(
            release_rows["wallet_comparison"], (0.00598, 0.00601, 0.00602), strict=True
        )
    ]
    compared = release(wallet_comparison=alike)
    assert "All cost the same, 0.60% of the amount." in side_by_side.reading(compared, EN)
    assert "费率相同，均为 0.60%。" in side_by_side.reading(compared, ZH)
    unknown = [alike[0], alike[1], (*alike[2][:24], None, *alike[2][25:])]
    said = side_by_side.reading(release(wallet_comparison=unknown), EN)
    assert "Those whose fees are known cost the same, 0.60% of the amount." in said
    tied = [(*row[:24], 0.006 if at else 0.0060001, *row[25:]) for at, row in enumerate(alike)]
    tied[-1] = (*tied[-1][:24], 0.021, *tied[-1][25:])
    assert "cost" not in side_by_side.reading(release(wallet_comparison=tied), EN)


def test_what_if_adds_months_up_and_says_what_is_an_example(data, release_rows):
    (row,) = [
        row
        for row in fees.plans(data, ("alipay", "alipay")).rows(named=True)
        if row["fee_plan_id"] == "example_plan"
    ]
    priced = [r for r in release_rows["fee_what_if"] if r[2] == "alipay" and r[4] == "example_plan"]
    assert row["planned_fees"] == pytest.approx(sum(r[12] for r in priced), abs=0.01)
    assert row["planned_fee_rate"] == pytest.approx(0.0055, abs=1e-6)
    sentence = fees.what_if(data, EN, ("alipay", "alipay"))
    assert "would have cost" in sentence
    assert "less. It is an example" in sentence


def test_plans_of_equal_fees_have_an_order(release, release_rows):
    """Otherwise the same release would be drawn differently each time."""
    wallets = [f"wallet_{number}" for number in range(7, -1, -1)]
    own = [row for row in release_rows["fee_what_if"] if (row[2], row[4]) == ("alipay", "own_plan")]
    alike = [(*row[:6], wallet, *row[7:]) for wallet in wallets for row in own]
    rows = fees.plans(release(fee_what_if=alike), ("alipay", "alipay"))
    assert rows["plan_wallet"].to_list() == wallets[::-1]


def test_unknown_fees_are_not_smaller_fees(release, release_rows):
    gap = [
        (*row[:14], None, None, None) if row[0] == MARCH else row
        for row in release_rows["fee_what_if"]
    ]
    rows = fees.plans(release(fee_what_if=gap), ("alipay", "alipay"))
    assert rows["actual_fees"].null_count() == rows.height
    assert "in no file" in fees.what_if(release(fee_what_if=gap), EN, ("alipay", "alipay"))


def test_preference_compares_with_all_users(data):
    assert preference.reading(data, EN, "region") == (
        "Guangdong stands out: 82.0% of its 500 users used WeChat Pay, of all users 65.0%."
    )


# ---- one cause in detail -------------------------------------------------------------------


def test_details_of_a_cause_are_published_cells_and_nothing_else(data, release_rows):
    published = {row[2:7] for row in release_rows["failure_breakdown"]}
    causes = cause_detail.causes(data)
    assert len(causes) > 3
    for cause in causes:
        rows = cause_detail.table(data, cause)["rows"]
        assert rows
        cells = {(cause, *row[2:5], round(row[3] / row[2], 6)) for row in rows}
        assert cells <= {(*cell[:4], round(cell[4], 6)) for cell in published}


def test_values_of_a_cause_stand_out_only_beyond_chance(data, release, release_rows):
    told = cause_detail.reading(data, EN, "insufficient_funds")
    assert told.startswith("Insufficient funds: 394 of 18,600 attempts with a known outcome")
    assert "Clearly more often than that: New device (4.0%), " in told

    def averaged(row: tuple) -> tuple:
        rate = 0.025
        return (*row[:4], round(row[3] * rate), row[5], rate, *row[7:])

    flat = release(failure_breakdown=[averaged(row) for row in release_rows["failure_breakdown"]])
    assert cause_detail.reading(flat, EN, "insufficient_funds").endswith(
        "No value exceeds that by more than chance."
    )


# ---- change, peaks, response times ---------------------------------------------------------


def test_change_needs_two_whole_windows_and_more_than_chance(data, release, release_rows):
    rows = change.changes(data)
    assert set(rows["time_window"]) == {"week", "four_weeks"}
    assert rows.filter(rows["wallet"] == "all")["attempts"].min() > 1000
    worse = [
        (*row[:4], 0, row[3], 0, 0.0) if row[0].month == 3 and row[0].day > 24 else row
        for row in release_rows["daily_performance"]
    ]
    sentence = change.reading(release(daily_performance=worse), EN)
    assert sentence.startswith("Last 7 days, ")
    assert "less than before" in sentence
    short = [row for row in release_rows["daily_performance"] if row[0] > date(2026, 3, 20)]
    assert change.reading(release(daily_performance=short), EN).startswith("There are too few days")


def test_peaks_say_when_and_how_payments_do_then(data):
    assert "at 20:00: 2.4 times the mean hour" in peaks.reading(data, EN, "load_factor")
    assert "12.0% of attempts fail, in all other hours 6.4%" in peaks.reading(
        data, EN, "failure_rate"
    )
    assert "longer than 2,600 ms" in peaks.reading(data, EN, "latency_p95_ms")


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentiles_of_buckets_are_right_to_a_bucket(share):
    """Against the percentile of the very values, whatever bucket they fall in."""
    values = sorted(math.exp(5 + 1.2 * math.sin(n * 12.9898)) for n in range(4000))
    edges = [bucket(n) for n in range(25)]
    buckets = [
        (start, end, sum(start <= value < end for value in values)) for _, start, end in edges
    ]
    found, is_open = latency_buckets.quantile(buckets, share)
    exact = values[math.ceil(share * len(values)) - 1]
    assert not is_open
    assert found == pytest.approx(exact, rel=0.2)


def test_a_percentile_in_an_open_bucket_is_only_a_bound():
    assert latency_buckets.quantile([(0, 100, 50), (100, None, 50)], 0.95) == (100, True)
    assert math.isnan(latency_buckets.quantile([], 0.5)[0])


def test_wallets_whose_buckets_end_early_open_the_sum(data):
    """Alipay's last bucket is open: beyond it nothing is known of both together."""
    both = latency_buckets.added_buckets(
        data.latency.filter(data.latency["month"] == MARCH), "attempts"
    )
    assert both[-1] == (bucket(8)[1], None, 500 + 500 + 60)
    assert sum(count for *_, count in both) == 3500 + 60 - 20 - 60 + 20
    assert "99% within more than" in response_times.latency(data, EN, MARCH)


def test_the_bottleneck_is_where_most_waiting_is_spent(data):
    rows = response_times.operations(data, MARCH)
    assert rows["operation"][0] == "POST /pay"
    assert rows["share_of_waiting"].sum() == pytest.approx(1)
    assert rows["duration_p95_ms"][0] == rows["duration_p95_ms_earlier"][0]
    assert "customers waited most for payments POST /pay" in response_times.api(data, EN, MARCH)


# ---- funnel, support, security -------------------------------------------------------------


def test_funnel_opens_with_the_tool_that_saw_more_in_the_headline_month(data):
    given = funnel.views(data)
    assert given[funnel.newest_complete(data, given)] == (MARCH, "ga4_events")
    sentence = funnel.finding(data, EN)
    assert sentence.startswith("In March 2026, 70.0% of 1,500 begun checkouts")
    assert "on the way to “Bought”: 16.0%" in sentence


def test_by_wallet_the_funnel_begins_with_choosing_it(release, release_rows):
    """Before the choice no wallet is known: counted from the checkout nearly everybody buys."""
    rows = [
        (*row[:2], "wallet", wallet, *row[4:])
        for row in release_rows["rpt_checkout_funnel_monthly"]
        if row[2] == "all"
        for wallet in ("alipay", "wechat_pay")
    ]
    data = release(
        rpt_checkout_funnel_monthly=[*release_rows["rpt_checkout_funnel_monthly"], *rows]
    )
    assert "wallet" in funnel.dimensions(data)
    table = funnel.values_table(data, "wallet")
    # 1,250 chose the wallet, of 1,500 who began; 1,050 bought.
    assert table["columns"][1]["key"] == "column.wallet_choices"
    assert [row[1:4] for row in table["rows"]] == [[1250, 1050, 0.84]] * 2
    assert funnel.values(data, EN, "wallet").endswith("before it, no wallet is known.")


def test_funnel_names_a_device_only_beyond_chance(data):
    assert funnel.dimensions(data) == ["device_category"]
    assert funnel.values(data, EN, "device_category") == (
        "Desktop ends in a purchase clearly more often (82.0%) than Phone (62.0%)."
    )


def test_step_up_speaks_of_large_amounts_and_new_devices(data):
    sentence = security.finding(data, EN)
    assert "38.1% of 420 large payments" in sentence
    assert "71.0% of 62 that were both. Large payments of ¥23,400 went through" in sentence
    assert security.dimensions(data) == ["wallet", "amount_band"]
    bands = security.step_up_figure(data, "amount_band")
    assert bands["layout"]["xaxis"]["categoryarray"][0] == "@amount_band.0-50 CNY"


def test_stopped_attempts_are_those_of_checks_only(data):
    causes = {row[0] for row in security.stopped_table(data)["rows"]}
    assert causes == {"authentication_failed", "account_restricted"}
    assert "confirmation failed" in security.stopped(data, EN)


def test_suspicious_payments_are_counted_once_however_many_rules_name_them(data):
    assert security.suspicious(data, EN) == (
        "120 payments of 61 users are named by a rule (¥25,200, 1.3 a day). "
        "Most often: user with very many attempts (70)."
    )
    assert "@risk_rule.any" not in security.suspicious_figure(data)["data"][0]["y"]


def test_every_rule_of_the_risk_room_has_a_name():
    from pipelines.risk.rules import MODEL_RULE, RULES

    names = {f"risk_rule.{rule.rule_id}" for rule in RULES} | {f"risk_rule.{MODEL_RULE}"}
    for language in ("zh", "en"):
        assert names <= set(load_catalogue(language))


def test_support_and_surveys(data):
    assert service.speed(data, EN).startswith("In March 2026, 150 tickets: half were answered")
    assert "most tickets are about “Refund”: 90 of those shown (60%)" in service.topics(
        data, EN, "topic"
    )
    # What tickets are about comes first; how they came is told as that.
    assert service.dimensions(data)[0] == "topic"
    assert "Alipay 52, WeChat Pay 38; 90 answers" in service.satisfaction(data, EN, "nps")


# ---- the data itself -----------------------------------------------------------------------


def test_lost_rows_are_said_not_hidden(data, release, release_rows):
    assert truth.rows(data, EN).startswith("All 37,262 rows of 12 files are accounted for")
    lost = [(*row[:9], 3, *row[10:]) for row in release_rows["data_freshness"]]
    assert truth.rows(release(data_freshness=lost), EN).startswith("9 of 37,262 rows are not")
    differing = [(*row[:11], 1) for row in release_rows["data_freshness"]]
    assert "3 of 9 sums of amounts differ" in truth.rows(release(data_freshness=differing), EN)


def test_differences_need_both_sides(data, release, release_rows):
    assert truth.differences(data, EN).startswith(
        "49 differences between log and bills; most are: late"
    )
    bills = [row for row in release_rows["data_freshness"] if row[0] != "payment_attempts"]
    assert "both your attempt log" in truth.differences(release(data_freshness=bills), EN)


def test_the_audit_is_told_as_it_was(data, marketing_db):
    assert truth.verdict(data, EN).startswith("All 4 checks on 2 databases passed.")
    failed = [AUDIT[0], AUDIT[1] | {"checks": [AUDIT[1]["checks"][0] | {"status": "fail"}]}]
    told = truth.verdict(load_report_data(marketing_db, failed), EN)
    assert told.startswith("Only 2 of 3 checks")
    assert "has 5 people" in truth.groups(data, EN)
    titles = {row[0]: row[2] for row in truth.checks_table(data)["rows"]}
    assert titles["PII-1"] == {"en": "no card numbers", "zh": "没有银行卡号"}


def test_the_smallest_group_of_each_table_is_counted_in_the_file(data):
    rows = {row[0]: row[1:] for row in truth.published_table(data)["rows"]}
    assert rows["api_latency_histogram"][1] is None
    assert rows["satisfaction"] == [12, 40]
    assert LAST_DAY.isoformat() not in str(rows)


# ---- nothing is said of nothing ------------------------------------------------------------

OF_NOTHING = [
    side_by_side.reading,
    fees.rates,
    preference.no_reading,
    change.reading,
    peaks.no_reading,
    response_times.no_latency,
    response_times.no_api,
    funnel.finding,
    security.finding,
    security.stopped,
    security.suspicious,
    service.speed,
    service.no_topics,
    service.no_satisfaction,
    truth.rows,
    truth.differences,
    truth.verdict,
    truth.groups,
]


@pytest.mark.parametrize("reading", OF_NOTHING, ids=lambda reading: reading.__qualname__)
@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_without_data_a_sentence_says_so_and_no_number(reading, words, nothing):
    sentence = reading(nothing, words)
    assert sentence.endswith(("。", "."))
    assert not any(
        character.isdigit() for character in sentence.replace("90", "").replace("30", "")
    )
