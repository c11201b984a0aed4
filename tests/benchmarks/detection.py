"""How soon is a drop of the success rate noticed, and how often is one seen that is not there?

    python tests/benchmarks/detection.py [--runs 40] [--seed 7]

Buckets of five minutes with a day's cycle of 10 to 120 attempts and a success rate of 93 % that
wanders by 2 points over the day. Eight weeks of history, then two clean weeks (false alarms), then
a drop at a random moment. Prints minutes until the alarm (median, 90th percentile) for both charts
as used, for each chart alone with the same allowance of false alarms, and for the EWMA with 3.4
false alarms in two weeks (at most one in half of the weeks).
"""

from __future__ import annotations

import argparse
import resource
from dataclasses import replace

import duckdb
import numpy as np
import polars as pl

from pipelines.failures.baseline import expected_buckets
from pipelines.failures.detection import DetectionRules, Limits, charts, learn_limits

MINUTES = 5
PER_DAY = 24 * 60 // MINUTES
HISTORY_DAYS, CLEAN_DAYS, DROP_DAYS = 56, 14, 7
DROPS = (0.02, 0.03, 0.05, 0.10)
# False alarms in two weeks. A chart alone gets what both have together, so its half is doubled.
ALONE = 2 * DetectionRules().false_alarms
LOOSE = 2 * 3.4


def simulate(generator: np.random.Generator) -> pl.DataFrame:
    """Clean buckets: series, bucket_start, day, hour, attempts, rate."""
    steps = np.arange((HISTORY_DAYS + CLEAN_DAYS + DROP_DAYS) * PER_DAY)
    day = 2 * np.pi * (steps % PER_DAY) / PER_DAY
    attempts = generator.poisson(65 - 55 * np.cos(day))
    start = np.datetime64("2026-01-05T00:00", "us") + steps * np.timedelta64(MINUTES, "m")
    return pl.DataFrame({"bucket_start": start, "attempts": np.maximum(attempts, 1)}).select(
        pl.lit("all").alias("series"),
        "bucket_start",
        day=pl.col("bucket_start").dt.date(),
        hour=pl.col("bucket_start").dt.hour().cast(pl.Int32),
        attempts="attempts",
        rate=pl.lit(0.07 + 0.02 * np.sin(day)),
    )


def expect(buckets: pl.DataFrame, failed: np.ndarray) -> pl.DataFrame:
    """The buckets after the history with their expected rates, as the product makes them."""
    given = buckets.drop("rate").with_columns(failed=failed)
    with duckdb.connect() as con:
        con.register("given", given.to_arrow())
        expected = expected_buckets(con, "given", MINUTES)
    return expected.tail((CLEAN_DAYS + DROP_DAYS) * PER_DAY)


def first_crossing(values: np.ndarray, limit: float) -> int | None:
    over = np.flatnonzero(values > limit)
    return int(over[0]) if len(over) else None


def count_alarms(values: np.ndarray, limit: float) -> int:
    """Crossings from below, counted again only after the chart has come half-way back."""
    alarms, armed = 0, True
    for value in values:
        if armed and value > limit:
            alarms, armed = alarms + 1, False
        elif value < limit / 2:
            armed = True
    return alarms


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--runs", type=int, default=40)
    arguments.add_argument("--seed", type=int, default=7)
    options = arguments.parse_args()
    rules = DetectionRules()
    generator = np.random.default_rng(options.seed)
    delays: dict[tuple[str, float], list[float]] = {}
    false: dict[str, list[int]] = {
        name: [] for name in ("as used", "ewma alone", "bucket alone", "ewma, 3.4 false alarms")
    }
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for _ in range(options.runs):
        buckets = simulate(generator)
        n, p = buckets["attempts"].to_numpy(), buckets["rate"].to_numpy()
        clean = generator.binomial(n, p)
        expected = expect(buckets, clean)
        alone, loose = (
            learn_limits(expected, replace(rules, false_alarms=allowed))
            for allowed in (ALONE, LOOSE)
        )
        limits = {
            "as used": learn_limits(expected, rules),
            "ewma alone": replace(alone, bucket=np.inf),
            "bucket alone": replace(alone, ewma=np.inf),
            "ewma, 3.4 false alarms": replace(loose, bucket=np.inf),
        }
        note_false_alarms(expected.head(CLEAN_DAYS * PER_DAY), limits, rules, false)
        for drop in DROPS:
            begin = len(n) - DROP_DAYS * PER_DAY + int(generator.integers(PER_DAY))
            failed = clean.copy()
            failed[begin:] = generator.binomial(n[begin:], p[begin:] + drop)
            # Only the first day after the drop has a baseline without it, as would be in life.
            note_delays(expect(buckets, failed), begin, limits, rules, drop, delays)
    report(delays, false, options.runs)
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - spent
    print(f"\n{options.runs} runs, {spent:.0f} CPU s")


def note_false_alarms(clean, limits: dict[str, Limits], rules, false) -> None:
    for name, limit in limits.items():
        values = charts(clean, limit, rules)
        ratio = np.maximum(values["ewma"] / limit.ewma, values["bucket"] / limit.bucket)
        false[name].append(count_alarms(ratio, 1.0))


def note_delays(expected, begin: int, limits: dict[str, Limits], rules, drop, delays) -> None:
    offset = begin - HISTORY_DAYS * PER_DAY
    for name, limit in limits.items():
        values = charts(expected, limit, rules)
        ratio = np.maximum(values["ewma"] / limit.ewma, values["bucket"] / limit.bucket)
        # A chart that is above its limit by chance when the drop begins has not seen the drop.
        found = first_crossing(ratio[offset:], 1.0)
        minutes = np.inf if found is None else (found + 1) * MINUTES
        delays.setdefault((name, drop), []).append(minutes)


def report(delays, false, runs: int) -> None:
    print("| drop | " + " | ".join(f"{name}: median / p90 min" for name in false) + " |")
    print("|---|" + "---:|" * len(false))
    for drop in DROPS:
        cells = []
        for name in false:
            median, late = np.quantile(delays[name, drop], [0.5, 0.9], method="higher")
            cells.append(f"{median:.0f} / {late:.0f}")
        print(f"| {drop * 100:.0f} pt | " + " | ".join(cells) + " |")
    print("\nFalse alarms in two clean weeks, mean and share of runs with more than one:")
    for name, counts in false.items():
        more = np.mean(np.array(counts) > 1)
        print(f"  {name}: {np.mean(counts):.2f}, {more:.0%} of {runs}")


if __name__ == "__main__":
    main()
