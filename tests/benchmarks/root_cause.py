"""How well does the cube scan name the slice whose payments fail?

    python tests/benchmarks/root_cause.py planted [--cubes 40] [--seed 3]
    python tests/benchmarks/root_cause.py sums [--cubes 20]
    python tests/benchmarks/root_cause.py rs FOLDER

planted   faults of 1 to 3 dimensions and 5 to 60 % of the success rate in simulated attempts, mixes
          that shift without a fault, and clean days.
sums      cubes of sums as the S data of the RiskLoc paper describes them (arXiv 2205.10004): five
          dimensions, up to nine roots, forecasts with noise. Not what the scan is for; parameters
          are judged here and on `planted`, never on `rs`.
rs        the 135 success-rate incidents of RobustSpot as the RiskLoc repository carries them
          (github.com/shaido987/riskloc, data/RS, MIT licence): anomaly.yaml and one csv an
          incident. The data is not part of this project.

A prediction counts when it names exactly the values of the fault, as in that repository's scorer:
F1 over all cubes; top-3 recall over the ranking of the first round. CPU is process time.
"""

from __future__ import annotations

import argparse
import ast
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipelines.failures.cube_scan import Scan, ScanRules, scan_cube

RULES = ScanRules()
# The incidents' literature gives every leaf the overall rate; what the product uses is shown too.
RS_RULES = {
    "leaves drawn to the overall rate (as published)": replace(
        RULES, prior="overall", most_slices=1, replicates=0
    ),
    "leaves drawn to their values' rates (as used)": replace(RULES, most_slices=1, replicates=0),
}
RS_MINUTES = 4

Where = dict[str, str]


@dataclass
class Score:
    """Exact matches of predicted slices and true ones, added up over cubes."""

    hits: int = 0
    predicted: int = 0
    true: int = 0
    in_top: dict[int, int] = field(default_factory=lambda: {1: 0, 3: 0, 5: 0})
    cubes: int = 0
    exact: int = 0
    seconds: float = 0.0

    def add(self, scan: Scan, truth: list[Where], seconds: float) -> None:
        found = [item.where for item in scan.slices]
        hits = sum(where in truth for where in found)
        self.hits += hits
        self.predicted += len(found)
        self.true += len(truth)
        self.cubes += 1
        self.exact += hits == len(truth) == len(found)
        self.seconds += seconds
        for top in self.in_top:
            best = [item.where for item in scan.ranking[:top]]
            self.in_top[top] += sum(where in best for where in truth)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(self.predicted + self.true, 1)

    def row(self, name: str) -> str:
        recalls = " | ".join(f"{count / max(self.true, 1):.3f}" for count in self.in_top.values())
        return (
            f"| {name} | {self.cubes} | {self.f1:.3f} | {self.hits / max(self.predicted, 1):.3f} |"
            f" {self.hits / max(self.true, 1):.3f} | {recalls} |"
            f" {1000 * self.seconds / max(self.cubes, 1):.0f} |"
        )


HEAD = (
    "| | cubes | F1 | precision | recall | in top 1 | in top 3 | in top 5 | CPU ms a cube |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(
    con: duckdb.DuckDBPyConnection, leaves: pl.DataFrame, dimensions: list[str], rules: ScanRules
) -> tuple[Scan, float]:
    began = cpu()
    scan = scan_cube(con, leaves, dimensions, rules)
    return scan, cpu() - began


# --- planted -----------------------------------------------------------------------------------

SIZES = {"wallet": 3, "channel": 4, "os": 3, "version": 6, "region": 12, "bank": 8, "band": 5}
NOW, RATIO = 20_000, 8


class Merchant:
    """Attempts whose failure rate differs by every value: the usual state, not news."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator
        self.shares = {k: generator.dirichlet(np.full(n, 2.0)) for k, n in SIZES.items()}
        self.effects = {k: generator.normal(0, 0.4, n) for k, n in SIZES.items()}

    def draw(self, size: int, shares: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {k: self.generator.choice(SIZES[k], size, p=shares[k]) for k in SIZES}

    def fails(self, drawn: dict[str, np.ndarray], fault: np.ndarray, drop: float) -> np.ndarray:
        logit = -2.6 + sum(self.effects[k][drawn[k]] for k in SIZES)
        success = 1 / (1 + np.exp(logit))
        success = np.where(fault, success * (1 - drop), success)
        return self.generator.random(len(success)) >= success

    def cube(
        self, where: Where, drop: float, shares: dict[str, np.ndarray] | None = None
    ) -> pl.DataFrame:
        now, before = self.draw(NOW, shares or self.shares), self.draw(NOW * RATIO, self.shares)
        fault = np.logical_and.reduce([now[k] == int(v) for k, v in where.items()])
        fault = np.broadcast_to(fault & bool(where), NOW)
        counted = _count(now, self.fails(now, fault, drop), "")
        earlier = _count(before, self.fails(before, np.zeros(NOW * RATIO, bool), 0.0), "base_")
        joined = counted.join(earlier, on=list(SIZES), how="full", coalesce=True).fill_null(0)
        return joined.with_columns(pl.col(*SIZES).cast(pl.String)).sort(*SIZES)

    def choose(self, dimensions: int) -> Where:
        """A slice with at least a hundred attempts now: a fault of ten attempts is no incident."""
        while True:
            names = self.generator.choice(list(SIZES), dimensions, replace=False)
            where = {str(k): int(self.generator.integers(SIZES[k])) for k in names}
            if NOW * np.prod([self.shares[k][v] for k, v in where.items()]) >= 100:
                return {k: str(v) for k, v in where.items()}


def _count(drawn: dict[str, np.ndarray], failed: np.ndarray, prefix: str) -> pl.DataFrame:
    frame = pl.DataFrame(drawn | {"is_failure": failed})
    return frame.group_by(*SIZES).agg(
        pl.len().cast(pl.Int64).alias(f"{prefix}attempts"),
        pl.col("is_failure").sum().cast(pl.Int64).alias(f"{prefix}failed"),
    )


def planted(options: argparse.Namespace) -> None:
    generator = np.random.default_rng(options.seed)
    con, names = duckdb.connect(), list(SIZES)
    con.execute("set threads = 1")
    print(f"{NOW:,} attempts now, {NOW * RATIO:,} before, {len(SIZES)} dimensions, depth 3\n{HEAD}")
    every = Score()
    for drop in (0.05, 0.1, 0.2, 0.4, 0.6):
        for dimensions in (1, 2, 3):
            score = Score()
            for _ in range(options.cubes):
                merchant = Merchant(generator)
                where = merchant.choose(dimensions)
                scan, seconds = timed(con, merchant.cube(where, drop), names, RULES)
                score.add(scan, [where], seconds)
                every.add(scan, [where], seconds)
            print(score.row(f"{drop:.0%} drop, {dimensions} dimensions"))
    print(every.row("all"))
    for name, shifts in (("clean days", False), ("mix shifts, no fault", True)):
        alarms, gone = 0, 0.0
        for _ in range(options.cubes * 5):
            merchant = Merchant(generator)
            shares = dict(merchant.shares)
            if shifts:
                moved = str(generator.choice(names))
                shares[moved] = generator.dirichlet(np.full(SIZES[moved], 2.0))
            scan, seconds = timed(con, merchant.cube({}, 0.0, shares), names, RULES)
            alarms, gone = alarms + bool(scan.slices), gone + seconds
        print(f"\n{name}: {alarms} of {options.cubes * 5} cubes with a finding (p <= 0.01)")


# --- sums --------------------------------------------------------------------------------------

SUM_SIZES = {"a": 10, "b": 12, "c": 10, "d": 8, "e": 5}


def sum_cube(generator: np.random.Generator) -> tuple[pl.DataFrame, list[Where]]:
    """One cube of forecasts and real sums with one to three faults, and its true slices."""
    names, sizes = list(SUM_SIZES), list(SUM_SIZES.values())
    codes = np.indices(sizes).reshape(len(sizes), -1)
    leaves = codes.shape[1]
    noise = generator.uniform(0, 0.25)
    value = generator.weibull(generator.uniform(0.5, 1.0), leaves) * 100
    value *= generator.random(leaves) > generator.uniform(0, 0.25)
    other = np.maximum(value * (1 + generator.normal(0, noise, leaves)), 0)
    swap = generator.random(leaves) < 0.5
    real, forecast = np.where(swap, other, value), np.where(swap, value, other)
    truth: list[Where] = []
    # Faults go the way the noise goes, or it would hide them.
    rises = real.sum() > forecast.sum()
    for _ in range(generator.integers(1, 4)):
        depth = int(generator.integers(1, len(names) + 1))
        dimensions = sorted(generator.choice(len(names), depth, replace=False))
        severity = generator.uniform(0.2, 1.0) + noise
        spread = generator.uniform(0, 0.1)
        for _ in range(generator.integers(1, 4)):
            chosen = {d: int(generator.integers(sizes[d])) for d in dimensions}
            mask = np.logical_and.reduce([codes[d] == v for d, v in chosen.items()])
            kept = np.maximum(1 - generator.normal(severity, spread, mask.sum()), 0)
            if rises:
                forecast[mask] = real[mask] * kept
            else:
                real[mask] = forecast[mask] * kept
            where = {names[d]: str(v) for d, v in chosen.items()}
            if where not in truth:
                truth.append(where)
    frame = pl.DataFrame({n: codes[i].astype(str) for i, n in enumerate(names)})
    # Poisson wants an excess: a loss of sums is an excess of what is missing.
    high, low = (real, forecast) if rises else (forecast, real)
    return frame.with_columns(failed=high, base_failed=low), truth


def sums(options: argparse.Namespace) -> None:
    generator = np.random.default_rng(options.seed)
    con, names = duckdb.connect(), list(SUM_SIZES)
    con.execute("set threads = 1")
    print(f"{int(np.prod(list(SUM_SIZES.values()))):,} leaves, 5 dimensions\n{HEAD}")
    cubes = [sum_cube(generator) for _ in range(options.cubes)]
    for stop in (0.02, 0.1, 0.2, 0.25, 0.3):
        # Sums have no counts: one leaf's forecast is its expectation, nothing is drawn anywhere.
        rules = replace(
            RULES, depth=5, stop=stop, most_slices=9, strength=0.0, replicates=0, prior="overall"
        )
        score = Score()
        for frame, truth in cubes:
            leaves = frame.filter((pl.col("failed") > 0) | (pl.col("base_failed") > 0))
            leaves = leaves.with_columns(attempts=pl.lit(1.0), base_attempts=pl.lit(1.0))
            scan, seconds = timed(con, leaves, names, rules)
            score.add(scan, truth, seconds)
        print(score.row(f"stop {stop}"))


# --- rs ----------------------------------------------------------------------------------------


def incidents(folder: Path) -> Iterator[tuple[str, pl.DataFrame, list[str], list[Where]]]:
    """Name, leaves, dimensions and true slices of each incident of `anomaly.yaml`.

    A csv holds, per minute and combination of values, `cnt` requests of which `value` failed. Now
    is the labelled minute; before is the mean of the four minutes before it in which a combination
    occurs, as the repository's own loader takes it.

    Raises FileNotFoundError naming what is missing.
    """
    import yaml

    for entry in yaml.safe_load((folder / "anomaly.yaml").read_text(encoding="utf-8")):
        frame = pl.read_csv(folder / f"{entry['data']}.csv", infer_schema_length=None)
        dimensions = [name for name in frame.columns if name not in {"min", "value", "cnt"}]
        frame = frame.with_columns(pl.col(*dimensions).cast(pl.String).fill_null(""))
        now, minute = entry["timestamp"], pl.col("min")
        history = frame.filter((minute < now) & (minute >= now - 60 * RS_MINUTES))
        before = history.group_by(dimensions).agg(
            base_attempts=pl.col("cnt").mean(), base_failed=pl.col("value").mean()
        )
        leaves = (
            frame.filter(minute == now)
            .select(*dimensions, attempts=pl.col("cnt"), failed=pl.col("value"))
            .join(before, on=dimensions, how="left")
            .with_columns(pl.col("base_attempts", "base_failed").fill_null(0.0))
            .sort(dimensions)
        )
        causes = entry["cause"] if isinstance(entry["cause"], list) else [entry["cause"]]
        truth = [{str(k): str(v) for k, v in _mapping(cause).items()} for cause in causes]
        yield str(entry["data"]), leaves, dimensions, truth


def _mapping(cause: object) -> dict[str, object]:
    # YAML 1.1 reads {'a':1} without a blank after the colon as text under some parsers.
    return cause if isinstance(cause, dict) else ast.literal_eval(str(cause))


def rs(options: argparse.Namespace) -> None:
    folder: Path = options.folder
    if not (folder / "anomaly.yaml").is_file():
        sys.exit(
            f"No RS data at {folder}: anomaly.yaml is missing. Take the folder data/RS of "
            "github.com/shaido987/riskloc (MIT licence) and give its path. Nothing was measured."
        )
    try:
        known = list(incidents(folder))
    except FileNotFoundError as error:
        sys.exit(f"The RS data at {folder} is not complete: {error}. Nothing was measured.")
    con = duckdb.connect()
    con.execute("set threads = 1")
    scan_cube(con, known[0][1], known[0][2], next(iter(RS_RULES.values())))  # imports and warm-up
    print(f"{len(known)} incidents\n{HEAD}")
    for name, rules in RS_RULES.items():
        score, hits = Score(), []
        for incident, leaves, dimensions, truth in known:
            scan, seconds = timed(con, leaves, dimensions, rules)
            score.add(scan, truth, seconds)
            hits.append((sum(item.where in truth for item in scan.slices), len(truth)))
            if options.verbose:
                print(incident, [item.where for item in scan.ranking[:3]], "true:", truth)
        print(score.row(name) + f" F1 95 % {_interval(hits)}")


def _interval(hits: list[tuple[int, int]]) -> str:
    """Bootstrap over incidents; one prediction each."""
    generator = np.random.default_rng(1)
    found, true = np.array(hits).T
    draws = generator.integers(len(hits), size=(2000, len(hits)))
    f1 = 2 * found[draws].sum(axis=1) / (len(hits) + true[draws].sum(axis=1))
    return "{:.2f} to {:.2f}".format(*np.quantile(f1, [0.025, 0.975]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    for run, cubes, seed in ((planted, 40, 3), (sums, 20, 121)):
        command = commands.add_parser(run.__name__)
        command.add_argument("--cubes", type=int, default=cubes)
        command.add_argument("--seed", type=int, default=seed)
        command.set_defaults(run=run)
    command = commands.add_parser("rs")
    command.add_argument("folder", type=Path, help="the repository's folder data/RS")
    command.add_argument("--verbose", action="store_true")
    command.set_defaults(run=rs)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
