"""How soon is a drop of the success rate noticed, and how often is one seen that is not there?

    python tests/benchmarks/detection.py [--runs 60] [--seed 7]

Buckets of five minutes with a day's cycle of 10 to 120 attempts and a success rate of 93 % that
wanders by 2 points over the day. Eight weeks of history, then two clean weeks (false alarms), then
a drop at a random moment. Prints minutes until the alarm (median, 90th percentile) for

as used           both charts with the product's own limits: at most one false alarm in two weeks;
as the table      the same charts as the table of `reference/failures.md` 3.5 was made: the limit is
                  the lowest at which half of the clean weeks have at most one alarm;
told the truth    what can be had at all: the likelihood-ratio CUSUM (Page 1954, Biometrika 41; the
                  optimum by Moustakides 1986, Annals of Statistics 14) with one false alarm in two
                  clean weeks, and as the table. It is told every bucket's true rate and the size
                  of the drop, which the product does not know.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable

import duckdb
import numpy as np
import polars as pl

from pipelines.failures.baseline import expected_buckets
from pipelines.failures.detection import DetectionRules, charts, learn_limits

MINUTES = 5
PER_DAY = 24 * 60 // MINUTES
HISTORY_DAYS, CLEAN_DAYS, DROP_DAYS = 56, 14, 7
# Drop -> median minutes of the table's EWMA.
TABLE = {0.02: 92, 0.03: 55, 0.05: 40, 0.10: 18}
RULES = DetectionRules()
USED, AS_TABLE = "as used", "as the table"
TRUTH, TRUTH_AS_TABLE = "told the truth", "told the truth, as the table"
COLUMNS = (USED, AS_TABLE, TRUTH, TRUTH_AS_TABLE)
MOMENTS = 4
_SEARCH_STEPS = 20

# Charts of clean weeks, or from the moment of a drop on.
Values = list[np.ndarray]


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


def first_crossing(values: np.ndarray, limit: float) -> float:
    """Minutes until the end of the first bucket above the limit; infinite without one."""
    over = np.flatnonzero(values > limit)
    return (int(over[0]) + 1) * MINUTES if len(over) else np.inf


def count_alarms(values: np.ndarray, limit: float) -> int:
    """Crossings from below, counted again only after the chart has come half-way back."""
    alarms, armed = 0, True
    for value in values[(values > limit) | (values < limit / 2)]:
        if armed and value > limit:
            alarms, armed = alarms + 1, False
        elif value < limit / 2:
            armed = True
    return alarms


def cusum(n: np.ndarray, p: np.ndarray, failed: np.ndarray, drop: float) -> np.ndarray:
    """Page's chart of the log-likelihood ratio of rates p + drop and p."""
    gain = failed * np.log((p + drop) / p) + (n - failed) * np.log((1 - p - drop) / (1 - p))
    run = np.concatenate([[0.0], np.cumsum(gain)])
    return (run - np.minimum.accumulate(run))[1:]


def lowest_limit(clean: Values, is_quiet: Callable[[Values, float], bool]) -> float:
    """The lowest limit at which the clean weeks are quiet enough."""
    low, high = 0.0, max(map(np.max, clean))
    for _ in range(_SEARCH_STEPS):
        limit = (low + high) / 2
        low, high = (low, limit) if is_quiet(clean, limit) else (limit, high)
    return high


def is_once(clean: Values, limit: float) -> bool:
    """At most one false alarm in two weeks, on average."""
    return bool(np.mean([count_alarms(values, limit) for values in clean]) <= 1)


def is_as_table(clean: Values, limit: float) -> bool:
    """At most one false alarm in half of the single weeks."""
    weeks = [week for values in clean for week in np.split(values, 2)]
    return bool(np.mean([count_alarms(week, limit) <= 1 for week in weeks]) >= 0.5)


def product_chart(expected: pl.DataFrame) -> Callable[[pl.DataFrame], np.ndarray]:
    """The larger of both charts, each relative to the limit learned from these buckets."""
    limits = learn_limits(expected, RULES)

    def ratio(buckets: pl.DataFrame) -> np.ndarray:
        values = charts(buckets, limits, RULES)
        return np.maximum(values["ewma"] / limits.ewma, values["bucket"] / limits.bucket)

    return ratio


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--runs", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=7)
    options = arguments.parse_args()
    generator = np.random.default_rng(options.seed)
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    clean: Values = []
    clean_truth: dict[float, Values] = {drop: [] for drop in TABLE}
    dropped: dict[float, Values] = {drop: [] for drop in TABLE}
    dropped_truth: dict[float, Values] = {drop: [] for drop in TABLE}
    weeks = slice(-(CLEAN_DAYS + DROP_DAYS) * PER_DAY, -DROP_DAYS * PER_DAY)
    for _ in range(options.runs):
        buckets = simulate(generator)
        n, p = buckets["attempts"].to_numpy(), buckets["rate"].to_numpy()
        failed = generator.binomial(n, p)
        expected = expect(buckets, failed)
        chart = product_chart(expected)
        clean.append(chart(expected)[: CLEAN_DAYS * PER_DAY])
        for drop in TABLE:
            clean_truth[drop].append(cusum(n, p, failed, drop)[weeks])
            for begin in len(n) - DROP_DAYS * PER_DAY + generator.integers(PER_DAY, size=MOMENTS):
                worse = failed.copy()
                worse[begin:] = generator.binomial(n[begin:], p[begin:] + drop)
                # Only the first day of the drop has a baseline without it, as would be in life.
                seen = chart(expect(buckets, worse))
                dropped[drop].append(seen[begin - HISTORY_DAYS * PER_DAY :])
                dropped_truth[drop].append(cusum(n, p, worse, drop)[begin:])
    as_table = lowest_limit(clean, is_as_table)
    delays = {}
    for drop in TABLE:
        of_truth = clean_truth[drop]
        delays[drop] = {
            USED: [first_crossing(values, 1.0) for values in dropped[drop]],
            AS_TABLE: [first_crossing(values, as_table) for values in dropped[drop]],
        }
        for name, rule in ((TRUTH, is_once), (TRUTH_AS_TABLE, is_as_table)):
            limit = lowest_limit(of_truth, rule)
            delays[drop][name] = [first_crossing(values, limit) for values in dropped_truth[drop]]
    report(delays)
    for name, limit in ((USED, 1.0), (AS_TABLE, as_table)):
        counts = np.array([count_alarms(values, limit) for values in clean])
        error = counts.std(ddof=1) / len(counts) ** 0.5
        print(
            f"{name}: {counts.mean():.2f} false alarms in two clean weeks (standard error"
            f" {error:.2f}), more than one in {np.mean(counts > 1):.0%} of {len(counts)}"
        )
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - spent
    print(f"{options.runs} runs, {MOMENTS} drops of each size in each, {spent:.0f} CPU s")


def report(delays: dict[float, dict[str, list[float]]]) -> None:
    """Minutes by drop, beside the table's, and where the medians are within a fifth of it."""
    print("| drop | table | " + " | ".join(f"{name}: median / p90 min" for name in COLUMNS) + " |")
    print("|---|---:|" + "---:|" * len(COLUMNS))
    held: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for drop, published in TABLE.items():
        cells = []
        for name in COLUMNS:
            median, late = np.quantile(delays[drop][name], [0.5, 0.9], method="higher")
            cells.append(f"{median:.0f} / {late:.0f}")
            if median <= 1.2 * published:
                held[name].append(f"{drop * 100:.0f}")
        print(f"| {drop * 100:.0f} pt | {published} | " + " | ".join(cells) + " |")
    print()
    for name, drops in held.items():
        print(f"{name}: within 20 % of the table at {', '.join(drops) or 'no'} points")


if __name__ == "__main__":
    main()
