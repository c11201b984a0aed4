import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from reports_release import REGISTRY, build_marketing_db

from pipelines.reports import failure_readings, readings, refunds, segment_readings
from pipelines.reports.catalogue import LANGUAGES, load_catalogue
from pipelines.reports.data import SEGMENT_ORDER, ReportData
from pipelines.reports.marketing_file import load_report_data
from pipelines.reports.words import Words
from pipelines.segments.lifecycle import LIFECYCLE_SEGMENTS

ZH, EN = Words("zh"), Words("en")
READINGS = [
    readings.headline,
    readings.segments,
    readings.segment_cards,
    readings.clusters,
    readings.daily,
    readings.hours,
    readings.latency,
    refunds.amounts,
    refunds.turnaround,
    failure_readings.causes,
    failure_readings.money,
    failure_readings.drivers,
    segment_readings.retention,
    segment_readings.value_tiers,
    segment_readings.payment_states,
    segment_readings.proof,
    segment_readings.quality,
    segment_readings.cluster_rules,
]


@pytest.fixture(scope="module")
def data(marketing_db: Path) -> ReportData:
    return load_report_data(marketing_db)


@pytest.fixture(scope="module")
def nothing(empty_db: Path) -> ReportData:
    return load_report_data(empty_db)


def changed(tmp_path, release_rows, **tables) -> ReportData:
    return load_report_data(build_marketing_db(tmp_path / "m.duckdb", release_rows | tables))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "group",
    [
        "segment",
        "cause",
        "wallet",
        "channel",
        "feature",
        "dimension",
        "value_tier",
        "payment_state",
        "measure",
        "trait",
        "natural",
    ],
)
def test_names_on_one_axis_are_distinct(language, group):
    entries = load_catalogue(language).items()
    names = [text for key, text in entries if key.startswith(f"{group}.")]
    assert len(names) == len(set(names))


def test_every_segment_has_a_name_a_rule_and_an_action(data):
    catalogue = load_catalogue("zh")
    of_the_grid = set(segment_readings.segment_rules(data, ZH))
    for segment in {*LIFECYCLE_SEGMENTS, *SEGMENT_ORDER}:
        assert {f"segment.{segment}", f"segment_action.{segment}"} <= set(catalogue)
        assert (f"segment_rule.{segment}" in catalogue) != (segment in of_the_grid)


def test_rules_in_words_follow_the_thresholds_in_force(data):
    assert segment_readings.segment_rules(data, EN) == {
        "champions": "5 orders or more, last paid within 14 days.",
        "loyal": "5 orders or more, last paid 15 to 60 days ago.",
        "potential_loyalists": "2 to 4 orders, last paid within 30 days.",
        "new_customers": "One order, last paid within 14 days.",
        "promising": "One order, last paid 15 to 30 days ago.",
        "need_attention": "3 to 4 orders, last paid 31 to 60 days ago.",
        "about_to_sleep": "1 to 2 orders, last paid 31 to 60 days ago.",
        "at_risk": "3 to 9 orders, last paid 61 days ago or longer.",
        "cant_lose": "10 orders or more, last paid 61 days ago or longer.",
        "hibernating": "1 to 2 orders, last paid 61 days ago or longer.",
    }
    assert (
        segment_readings.segment_rules(data, ZH)["new_customers"] == "只有一笔订单，14 天内付过款。"
    )


def test_rules_of_clusters_are_said_in_everyday_units(data):
    rule = "recency_days > 30.5 and recency_days <= 60.5 and net_amount > 36.8 and gap_ratio <= 2"
    assert segment_readings.cluster_rule(rule, data, EN) == (
        "days since the last payment 31 to 60, net amount from ¥37, times the usual gap up to 2.00"
    )
    assert segment_readings.cluster_rule("true", data, EN) == "everybody"


def test_movement_names_the_largest_move_and_those_who_stayed(data):
    march = date(2026, 3, 31)
    assert segment_readings.movement(data, EN, march) == (
        "In March 2026 the largest move was from “New customers” to “About to sleep”: 90 users,"
        " 90.0% of those who were there. 75.0% of the champions of a month earlier still are."
    )
    assert "complete months" in segment_readings.movement(data, EN, date(2020, 1, 31))


def test_scores_that_do_not_beat_the_simple_guess_say_so(data, tmp_path, release_rows):
    said = segment_readings.quality(data, EN)
    assert "no better than days since the last order (0.828)" in said
    assert said.endswith("No better than the simplest guess: spend: Gini.")
    rows = release_rows["score_quality"]
    worse = changed(
        tmp_path, release_rows, score_quality=[(*row[:4], "worse", *row[5:]) for row in rows]
    )
    assert "do not rank by it" in segment_readings.quality(worse, EN)
    assert "use recency" in segment_readings.proof(worse, EN)


def test_proof_compares_segments_on_held_out_days(data, nothing):
    said = segment_readings.proof(data, EN)
    assert said.startswith("In the 90 days after 2026-01-01, “Champions” were the most active")
    assert "59.0% bought" in said
    assert "“Hibernating” the least (4.0%)" in said
    assert said.endswith("better than recency alone.")
    assert "No proof yet" in segment_readings.proof(nothing, EN)


def test_every_failure_category_has_a_name():
    seed = Path(__file__).parents[2] / "dbt_project" / "seeds" / "failure_codes.csv"
    import polars as pl

    categories = set(pl.read_csv(seed, infer_schema=False)["category"])
    assert {f"cause.{name}" for name in categories} <= set(load_catalogue("en"))


def test_every_trait_feature_tier_state_and_measure_of_the_segments_has_a_name():
    from pipelines.segments.features import FEATURE_NAMES
    from pipelines.segments.measures import METRICS
    from pipelines.segments.naming import AVERAGE, TRAITS
    from pipelines.segments.states import PAYMENT_STATES
    from pipelines.segments.thresholds import NO_VALUE, VALUE_TIERS

    names = {f"trait.{word}" for pair in TRAITS.values() for word in pair} | {f"trait.{AVERAGE}"}
    names |= {f"natural.{name}" for name in FEATURE_NAMES}
    names |= {f"measure.{name}" for name in METRICS}
    names |= {f"payment_state.{name}" for name in PAYMENT_STATES}
    names |= {f"value_tier.{name}" for name in (*VALUE_TIERS, NO_VALUE)}
    catalogue = load_catalogue("en")
    assert names <= set(catalogue)
    assert {key for key in catalogue if key.startswith("trait.")} == {
        name for name in names if name.startswith("trait.")
    }


def test_every_model_feature_has_a_name():
    from pipelines.failures.history import FEATURES

    grouped = {"wallet", "provider"}
    names = (set(FEATURES) - grouped) | {"wallet_and_provider"}
    assert {f"feature.{name}" for name in names} <= set(load_catalogue("en"))


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.__name__)
@pytest.mark.parametrize("words", [ZH, EN], ids=LANGUAGES)
def test_every_reading_is_a_finished_sentence(reading, words, data, nothing):
    for source in (data, nothing):
        sentence = reading(source, words)
        assert sentence.endswith((".", "。", ")", "）"))
        assert not re.search(r"[{}]|None|nan", sentence)


def test_headline(data):
    assert readings.headline(data, EN) == (
        "In March 2026, 98.7% of orders were paid. Champions are 11% of users and bring 33% of the "
        "net amount; insufficient funds is the largest cause of failed payments (27%)."
    )
    assert readings.headline(data, ZH).startswith(
        "2026年3月，98.7% 的订单支付成功。核心用户占用户的 11%"
    )


def test_causes_are_not_ranked_on_a_small_sample(tmp_path, release_rows):
    counts = {"all": 82, "insufficient_funds": 20, "customer_cancelled": 17}
    few = [
        (*row[:3], 300, counts[row[2]], *row[5:])
        for row in release_rows["failure_breakdown"]
        if row[2] in counts
    ]
    small = changed(tmp_path, release_rows, failure_breakdown=few)
    # 82 failed, of which 45 have causes that too few people had: those are failures all the same.
    assert failure_readings.causes(small, EN).startswith("Only 82 failed attempts")
    assert "82 次失败" in failure_readings.causes(small, ZH)
    assert "largest cause" not in readings.headline(small, EN)


def test_breakdown_names_only_a_clear_difference(data):
    version = failure_readings.breakdown(data, EN, "app_version")
    assert version.startswith("4.11.0 fails clearly more than average: 14.9%")
    # 4.12.0-beta fails even more often but on 37 attempts: its interval reaches the average.
    assert "beta" not in version
    assert "No value is clearly above" in failure_readings.breakdown(data, EN, "region")


def test_drivers_of_an_unusable_model_are_not_named(tmp_path, release_rows):
    model = [(*row[:5], False, *row[6:]) for row in release_rows["failure_driver_model"]]
    unusable = changed(tmp_path, release_rows, failure_driver_model=model)
    sentence = failure_readings.drivers(unusable, EN)
    assert "no better than simple rates" in sentence
    assert "AUC 0.688" in sentence
    assert "Amount" not in sentence


def test_wallets_within_chance_are_called_equal(data, tmp_path, release_rows):
    assert "Apple Pay had the highest" in readings.wallets(data, EN, date(2026, 3, 1))
    near = [
        (*row[:10], 200, 188 + index, *row[12:])
        for index, row in enumerate(release_rows["wallet_performance"])
        if row[0] == date(2026, 3, 1)
    ]
    close = changed(tmp_path, release_rows, wallet_performance=near)
    assert "within chance" in readings.wallets(close, EN, date(2026, 3, 1))


def test_a_drop_of_the_last_week_is_said(tmp_path, release_rows):
    dropped = [
        (*row[:4], round(row[3] * 0.7), row[3] - round(row[3] * 0.7), 0, 0.7)
        if row[0] > date(2026, 3, 24)
        else row
        for row in release_rows["daily_performance"]
    ]
    worse = changed(tmp_path, release_rows, daily_performance=dropped)
    assert re.search(r"\d points below the 28 days before", readings.daily(worse, EN))
    assert "个百分点" in readings.daily(worse, ZH)


def test_chinese_sets_a_space_between_scripts_but_not_in_dates(data):
    sentence = refunds.turnaround(data, ZH)
    assert sentence.startswith("2026年3月最慢的是 Apple Pay：")


def test_money_adds_up(data):
    sums = data.breakdown("all").select("amount_at_risk", "amount_recovered", "amount_lost").row(0)
    assert sums[0] >= sums[1] + sums[2]
    assert failure_readings.money(data, EN).startswith("¥138,291 was at risk")


def test_the_glossary_writes_every_formula_unit_and_direction_in_both_languages():
    """A metric that is added to the registry is to be read in Chinese too."""
    registry = pl.read_csv(REGISTRY, infer_schema=False)
    zh, en = (load_catalogue(language) for language in LANGUAGES)
    formulas = {
        part
        for column in ("numerator", "denominator", "exclusions")
        for text in registry[column].drop_nulls()
        for part in text.split("; ")
    }
    assert [part for part in sorted(formulas) if f"formula.{part}" not in zh] == []
    keys = {f"unit.{unit}" for unit in registry["unit"]}
    keys |= {f"direction.{direction}" for direction in registry["good_direction"]}
    assert keys <= set(zh)
    assert keys <= set(en)


def test_a_share_is_rounded_once():
    """57.3497 % was 57.4 % in a sentence, by way of 57.350 %, and 57.3 % on the card below it."""
    assert EN.percent(0.573497) == ZH.percent(0.573497) == "57.3%"
    assert EN.percent(0.1 + 0.2, digits=0) == "30%"
    assert EN.percent(0.9995) == EN.percent(0.99950000000000006)
