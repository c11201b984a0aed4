"""Alarms: raised for a drop, at the right time, and hardly ever without one."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.failures.baseline import expected_buckets, write_buckets
from pipelines.failures.detection import DetectionRules, find_alarms, learn_limits
from pipelines.failures.drops import drops_to_examine, merge_alarms

RULES = DetectionRules(replicates=40)
START = datetime(2026, 1, 5)  # noqa: DTZ001 - naive UTC, as everywhere in the warehouse
HOUR = timedelta(hours=1)


def buckets(seed: int, days: int = 49, rise=None) -> pl.DataFrame:
    """Half-hour buckets with a day's rhythm; `rise(times)` multiplies the failure rate."""
    rng = np.random.default_rng(seed)
    steps = np.arange(days * 48)
    day = 2 * np.pi * (steps % 48) / 48
    attempts = np.maximum(rng.poisson(60 - 45 * np.cos(day)), 1)
    times = np.datetime64(START, "us") + steps * np.timedelta64(30, "m")
    rate = (0.08 + 0.02 * np.sin(day)) * (rise(times) if rise else 1.0)
    frame = pl.DataFrame({"bucket_start": times, "attempts": attempts})
    return frame.select(
        pl.lit("all").alias("series"),
        "bucket_start",
        day=pl.col("bucket_start").dt.date(),
        hour=pl.col("bucket_start").dt.hour().cast(pl.Int32),
        attempts="attempts",
        failed=pl.Series(rng.binomial(attempts, rate)),
    )


def expected(frame: pl.DataFrame) -> pl.DataFrame:
    with duckdb.connect() as con:
        con.register("given", frame.to_arrow())
        return expected_buckets(con, "given", 30)


def between(start: datetime, end: datetime, factor: float):
    def rise(times):
        inside = (times >= np.datetime64(start)) & (times < np.datetime64(end))
        return np.where(inside, factor, 1.0)

    return rise


def test_failures_alarms_are_rare_without_a_drop():
    """Five clean weeks each: at most one false alarm in two weeks would be 2.5."""
    counts = [len(merge_alarms(find_alarms(expected(buckets(seed)), RULES))) for seed in range(6)]
    assert np.mean(counts) <= 2.5
    assert max(counts) <= 5


def test_failures_alarm_is_raised_during_the_drop_and_placed_on_it():
    start, end = START + timedelta(days=40, hours=10), START + timedelta(days=40, hours=16)
    alarms = find_alarms(expected(buckets(3, rise=between(start, end, 2.5))), RULES)
    alarm = max(alarms, key=lambda item: item.excess)
    assert start < alarm.raised_at <= start + 3 * HOUR
    assert abs(alarm.started_at - start) <= HOUR
    assert abs(alarm.ended_at - end) <= HOUR
    assert alarm.failed > 1.8 * alarm.expected
    assert alarm.score > alarm.limit


def test_failures_outage_is_seen_by_its_first_bucket():
    start = START + timedelta(days=41, hours=12)
    alarms = find_alarms(expected(buckets(4, rise=between(start, start + HOUR, 8.0))), RULES)
    alarm = max(alarms, key=lambda item: item.excess)
    assert alarm.raised_at == start + HOUR / 2


def test_failures_lasting_rise_is_one_alarm_and_hides_no_outage_on_top_of_it():
    level, outage = START + timedelta(days=30), START + timedelta(days=44, hours=12)

    def rise(times):
        lasting = np.where(times >= np.datetime64(level), 1.8, 1.0)
        return lasting * between(outage, outage + 3 * HOUR, 3.0)(times)

    alarms = find_alarms(expected(buckets(5, rise=rise)), RULES)
    first = [a for a in alarms if level <= a.raised_at <= level + timedelta(days=1)]
    assert len(first) == 1
    assert [a for a in alarms if outage < a.raised_at <= outage + 2 * HOUR]
    assert len(alarms) <= 6


def test_failures_expected_rates_do_not_know_the_future():
    frame = buckets(6)
    cut = START + timedelta(days=35)
    changed = frame.with_columns(
        failed=pl.when(pl.col("bucket_start") >= cut).then("attempts").otherwise("failed")
    )
    before = pl.col("bucket_start") < cut
    assert expected(frame).filter(before).equals(expected(changed).filter(before))


def test_failures_limits_are_the_same_on_every_run():
    frame = expected(buckets(7))
    assert learn_limits(frame, RULES) == learn_limits(frame, RULES)
    limits = learn_limits(frame, RULES)
    assert limits.dispersion == pytest.approx(1.0, abs=0.2)
    assert 2.5 < limits.ewma < limits.bucket < 7


def test_failures_rates_that_wander_raise_the_limits_not_the_alarms():
    rng = np.random.default_rng(8)
    wandering = buckets(8).with_columns(
        failed=pl.Series(
            rng.binomial(
                frame_n := buckets(8)["attempts"].to_numpy(), rng.beta(2, 20, len(frame_n))
            )
        )
    )
    calm, wild = learn_limits(expected(buckets(8)), RULES), learn_limits(expected(wandering), RULES)
    assert wild.dispersion > 1.3 * calm.dispersion
    assert len(find_alarms(expected(wandering), RULES)) <= 6


def test_failures_buckets_are_as_short_as_the_volume_allows_and_wallets_have_series(generate):
    con = generate(attempts=40_000)
    con.execute(
        "create temp view given as select *, resolved_outcome = 'failed' as is_failure"
        " from marts.fct_payment_attempts where resolved_outcome <> 'unknown'"
    )
    assert write_buckets(con, "given") == 60
    sums = con.execute(
        "select series, sum(attempts), sum(failed) from failure_buckets group by all order by all"
    ).fetchall()
    assert [row[0] for row in sums] == ["alipay", "all", "wechat_pay"]
    assert sums[1][1:] == (sums[0][1] + sums[2][1], sums[0][2] + sums[2][2])
    assert sums[1][1] == con.execute("select count(*) from given").fetchall()[0][0]


def test_failures_alarms_that_overlap_are_one_incident():
    start, end = START + timedelta(days=40, hours=10), START + timedelta(days=40, hours=16)
    one = expected(buckets(3, rise=between(start, end, 2.5)))
    twin = one.with_columns(series=pl.lit("alipay"), failed=(pl.col("failed") * 0.8).cast(int))
    alarms = find_alarms(pl.concat([one, twin]).sort("series", "bucket_start"), RULES)
    near = [a for a in alarms if start - HOUR <= a.started_at <= end]
    merged = [a for a in merge_alarms(alarms) if start - HOUR <= a.started_at <= end]
    assert {a.series for a in near} == {"all", "alipay"}
    assert [a.series for a in merged] == ["all"]
    drops = drops_to_examine(alarms, START + timedelta(days=49))
    assert drops[0].kind == "week"
    assert len(drops[0].before) == 4
    incident = next(drop for drop in drops[1:] if drop.alarm == merged[0])
    assert len(incident.before) == 8
    assert incident.before[0] == tuple(x - timedelta(days=7) for x in incident.now)


def weekday_errors(weekend: float) -> float:
    """Mean distance of expected from true rates when weekends fail by `weekend` more."""
    frame = buckets(12)
    hours = frame["bucket_start"].dt.hour() + frame["bucket_start"].dt.minute() / 60 + 0.25
    true = 0.08 + 0.02 * np.sin(2 * np.pi * hours.to_numpy() / 24)
    true = true + weekend * (frame["bucket_start"].dt.weekday().to_numpy() > 5)
    failed = np.random.default_rng(13).binomial(frame["attempts"].to_numpy(), true)
    seen = expected(frame.with_columns(failed=pl.Series(failed)))
    truth = pl.DataFrame({"bucket_start": frame["bucket_start"], "true": true})
    joined = seen.join(truth, on="bucket_start").filter(
        pl.col("bucket_start") >= START + timedelta(days=28)
    )
    return float((joined["expected_rate"] - joined["true"]).abs().mean())


def test_failures_weekdays_are_pooled_as_far_as_they_are_alike():
    """With 200 attempts of all days added to a weekday's hour it would be 0.0067 and 0.0095."""
    assert weekday_errors(0.0) < 0.004
    # Weekends that differ by more than the noise keep their own rate.
    assert weekday_errors(0.06) < 0.012


def test_failures_expected_rates_move_within_the_hour():
    frame = expected(buckets(14))
    steps = frame.filter(pl.col("bucket_start").dt.minute() == 30)["expected_rate"].to_numpy()
    whole = frame.filter(pl.col("bucket_start").dt.minute() == 0)["expected_rate"].to_numpy()
    assert np.mean(steps != whole[: len(steps)]) > 0.9


def test_failures_limits_of_dispersed_counts_keep_to_the_allowance():
    """Counts 3.5 times as dispersed as binomial ones: five weeks are 2.5 allowances of 0.8."""
    alarms = []
    for seed in range(6):
        rng, frame = np.random.default_rng(seed), buckets(seed)
        n = frame["attempts"].to_numpy()
        failed = pl.Series(rng.binomial(n, rng.beta(2, 20, len(n))))
        alarms.append(len(find_alarms(expected(frame.with_columns(failed=failed)), RULES)))
    assert np.mean(alarms) <= 3.0
