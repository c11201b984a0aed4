"""What the page says about drops, alarms, advice and refunds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reports_release import build_marketing_db

from pipelines.reports import drop_readings, pages, refunds
from pipelines.reports.catalogue import LANGUAGES, load_catalogue
from pipelines.reports.data import ReportData
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.page import build_payload
from pipelines.reports.words import Words

EN, ZH = Words("en"), Words("zh")
INCIDENT, MOVED, CALM = "alarm-202602190945-all", "alarm-202602200400-alipay", "week-20260325"


@pytest.fixture(scope="module")
def data(marketing_db: Path) -> ReportData:
    return load_report_data(marketing_db)


def test_drops_newest_week_first_and_opened_on_the_clearest(data):
    assert drop_readings.drop_ids(data) == [CALM, MOVED, INCIDENT]
    assert drop_readings.clearest_drop(data) == 2


def test_drops_a_slice_is_named_with_counts_reason_and_money(data):
    said = drop_readings.root_causes(data, EN, INCIDENT)
    assert "From 2026-02-19 17:00 to 2026-02-19 23:00, 38.6% of 700 attempts failed" in said
    assert "Amount 50-200 CNY & WeChat Pay" in said
    assert "206 times instead of 52" in said
    assert "“Bank not reachable”; about ¥23,200" in said
    assert "mix" not in said


def test_drops_a_changed_mix_is_not_called_a_rise(data):
    said = drop_readings.root_causes(data, EN, MOVED)
    assert "No kind of attempt fails clearly more than before." in said
    assert "40.3 points of the change of 41.3 points" in said
    assert "app version, above all 8.6.0" in said


def test_drops_a_calm_week_says_so_and_no_more(data):
    said = drop_readings.root_causes(data, EN, CALM)
    assert said.startswith("In the week from 2026-03-25 00:00")
    assert "mix" not in said


def test_drops_hidden_slices_are_said_to_be_hidden(tmp_path, release_rows):
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"failure_root_causes": []})
    data = load_report_data(path)
    assert "withheld" in drop_readings.root_causes(data, EN, INCIDENT)
    assert drop_readings.drop_ids(data)[drop_readings.clearest_drop(data)] == MOVED


def test_drops_alarms_count_incidents_once(data):
    said = drop_readings.alarms(data, EN)
    assert said.startswith("2 alarms. The latest: 2026-02-20 12:00, for Alipay, 31 failures")
    assert len(drop_readings.alarm_table(data)["rows"]) == 3


def test_drops_advice_names_the_most_valuable_action_and_its_limit(data):
    said = drop_readings.advice(data, EN)
    assert "Offer another wallet: for insufficient funds with Alipay" in said
    assert "¥46,928 (¥41,817 to ¥50,529)" in said
    assert "tried again by themselves" in said
    rows = drop_readings.advice_table(data)["rows"]
    assert [row[2] for row in rows] == ["other_wallet", "retry_later", "stop"]
    assert rows[2][11] is None, "no estimate where nothing was observed"


def test_drops_refunds_name_a_value_that_is_clearly_higher(data):
    assert refunds.dimensions(data) == ["refund_shape", "wallet"]
    said = refunds.breakdown(data, EN, "wallet")
    assert "3.8% of payments were refunded at least once" in said
    assert "WeChat Pay is refunded clearly more than average: 4.9% of 9,421 payments" in said
    assert "clearly" not in refunds.breakdown(data, EN, "refund_shape")


@pytest.mark.parametrize("language", LANGUAGES)
def test_drops_every_label_is_in_the_catalogue(data, language):
    catalogue = load_catalogue(language)
    tables = [
        drop_readings.root_cause_table(data, INCIDENT),
        drop_readings.alarm_table(data),
        drop_readings.advice_table(data),
        refunds.breakdown_table(data, "wallet"),
    ]
    assert {c["key"] for table in tables for c in table["columns"]} <= set(catalogue)
    actions = {row[2] for row in drop_readings.advice_table(data)["rows"]}
    assert {f"action.{name}" for name in actions} <= set(catalogue)


def test_drops_chinese_sentences_hold_no_english_words(data):
    said = [
        *(drop_readings.root_causes(data, ZH, drop) for drop in (INCIDENT, MOVED, CALM)),
        drop_readings.alarms(data, ZH),
        drop_readings.advice(data, ZH),
        refunds.breakdown(data, ZH, "wallet"),
    ]
    for sentence in said:
        assert not re.search(r"[a-z]{4,}", sentence), sentence
        assert sentence.endswith("。")


def test_drops_empty_release_has_sentences_and_no_tables(empty_db):
    nothing = load_report_data(empty_db)
    cards = build_payload(pages.failures.PAGE, nothing, {})["cards"]
    cards |= build_payload(pages.refunds.PAGE, nothing, {})["cards"]
    for name in ("failure_root_causes", "failure_alarms", "failure_advice", "refund_breakdown"):
        variant = cards[name]["variants"][0]
        assert variant["table"] is None
        assert all(variant["reading"].values()), name
