"""The fraud detection handbook's baseline protocol, through the project's features and model.

    python tests/benchmarks/handbook.py [--folder simulated-data-raw/data] [--baselines]
    python tests/benchmarks/handbook.py --seeds 1 2 3 4 5 [--baselines]

Protocol (Le Borgne, Siblini, Lebichot, Bontempi 2022, chapter 3): learn from 2018-07-25 to 31,
a week of delay, judge 08-08 to 14, known compromised customers left out. Published best of five
models: AUC .871, average precision .658, card precision at 100 a day .291.

Settings are chosen among the product's own candidates (`pipelines.risk.model.CANDIDATES`) by
prequential validation, with the same delay, on four weeks that all end before 25 July: no day that
chooses is one that is learned from or judged in the end. With them two more weeks are judged,
08-15 to 21 and 08-22 to 28, each after a model of its own, learned two weeks before.

With --folder, the book's own daily files (pickles of pandas frames: open only files you trust).
Without, its transaction simulator is run again from its published description and seeds; whether
that is the same data shows in the counts: 1,754,155 transactions, 14,681 frauds. --seeds runs the
simulator with other seeds: data that nobody has seen. There the book has no figures, so --baselines
fits its two best models on its own features beside the project's. A customer is the user of the
project, a terminal the device. --keep stores what was generated, so that a second run is fast.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import handbook_baselines
import numpy as np
import polars as pl
from handbook_data import PUBLISHED, read, simulate

from pipelines.risk.features import prepare_features
from pipelines.risk.model import (
    ModelRules,
    Stretch,
    best_settings,
    choose_settings,
    judge_settings,
    read_stretch,
    stretches,
)
from pipelines.risk.ranking import Ranking, judge_ranking

TARGETS = {"auc": 0.870, "average_precision": 0.647, "precision_a_day": 0.291}
ENTITIES = ("user_key", "device_key")
RULES = ModelRules(train_days=7, delay_days=7, test_days=7, folds=4, train_rows=10**9)
TRAIN_FROM, TRAIN_DAYS = date(2018, 7, 25), 7
WEEKS = 3
PROJECT = "project"


def test_weeks() -> list[Stretch]:
    """The book's test week and the two after it, each with the week that is learned from."""
    last = TRAIN_FROM + timedelta(days=TRAIN_DAYS + 2 * RULES.delay_days + RULES.test_days * WEEKS)
    return stretches(last, replace(RULES, folds=WEEKS - 1))[::-1]


def choosing_weeks() -> list[Stretch]:
    """Weeks that choose the settings: judged days end the day before the book's training week."""
    return stretches(TRAIN_FROM + timedelta(days=RULES.delay_days), RULES)[: RULES.folds]


def load(con: duckdb.DuckDBPyConnection, data: pl.DataFrame) -> list[str]:
    """`risk_history` and `risk_features` of the transactions until the end of the last week."""
    con.register("given", data.to_arrow())
    con.execute(
        f"""
        create temporary table risk_history as
        select
            row_number() over (order by occurred_at, user_key, device_key, paid) as case_key, *,
            paid as amount, occurred_at::date as business_date, hour(occurred_at) as local_hour,
            isodow(occurred_at) as weekday, null as is_new, null as is_verified, 0 as is_failed,
            0.0::double as rule_score,
            occurred_at + interval {RULES.delay_days} days as known_at
        from given where occurred_at < $after::date
        """,
        {"after": test_weeks()[-1].test_to},
    )
    con.unregister("given")
    return prepare_features(con, "risk_history", ENTITIES)


def measure(
    con: duckdb.DuckDBPyConnection, data: pl.DataFrame, baselines: bool
) -> list[dict[str, Ranking]]:
    """How each model ranks each test week; prints what was chosen and what it cost."""
    began = time.process_time()
    names = load(con, data)
    print(f"features: {len(names)}, {time.process_time() - began:.1f} CPU s")
    began = time.process_time()
    weeks = choosing_weeks()
    as_of = weeks[0].test_to + timedelta(days=RULES.delay_days)
    choice = choose_settings([read_stretch(con, names, w, RULES, as_of) for w in weeks], RULES)
    settings = best_settings(choice)
    for entry in choice:
        print(f"validation AP {entry['average_precision']:.4f} {entry['settings']}")
    print(f"chosen before {as_of}: {settings}; {time.process_time() - began:.1f} CPU s", flush=True)
    book = handbook_baselines.prepare(con) if baselines else []
    if baselines:
        # The book's models read their features through the same functions as the project's.
        con.execute("alter table risk_features rename to project_features")
    found: list[dict[str, Ranking]] = []
    for week in test_weeks():
        known = week.test_to + timedelta(days=RULES.delay_days)
        rankings = {}
        for label, columns in ((PROJECT, names), ("book", book)):
            if not columns:
                continue
            if baselines:
                table = "project_features" if label == PROJECT else "book_features"
                con.execute(f"create or replace temporary view risk_features as from {table}")
            train, test = read_stretch(con, columns, week, RULES, known)
            if label == PROJECT:
                rankings[label] = judge_settings((train, test), settings, RULES)[0]
                continue
            for name, scores in handbook_baselines.fitted_scores(train, test).items():
                rankings[name] = judge_ranking(test, scores, RULES.alerts_per_day)
        for name, ranking in rankings.items():
            print(_row(f"{week.test_from} {name}", ranking), flush=True)
        found.append(rankings)
    return found


def _row(name: str, ranking: Ranking) -> str:
    return (
        f"{name:<32}{ranking.auc:.3f}  {ranking.average_precision:.3f}"
        f"  {ranking.precision_a_day:.3f}  {ranking.frauds} frauds of {ranking.payments:,}"
    )


def spread(weeks: list[dict[str, Ranking]]) -> None:
    """Mean, standard deviation and lowest of all weeks; and of the difference to the best other."""
    print(f"\n{len(weeks)} weeks{'':<25}mean   sd     lowest")
    for measure_name in TARGETS:
        values = {
            name: np.array([getattr(week[name], measure_name) for week in weeks])
            for name in weeks[0]
        }
        own = values[PROJECT]
        for name, seen in values.items():
            print(f"{measure_name:<18}{name:<20}{_spread(seen)}")
        if len(values) > 1:
            others = np.max([seen for name, seen in values.items() if name != PROJECT], axis=0)
            print(f"{measure_name:<18}{'above best other':<20}{_spread(own - others)}"
                  f"  higher in {int((own > others).sum())}")  # fmt: skip


def _spread(values: np.ndarray) -> str:
    deviation = values.std(ddof=1) if len(values) > 1 else 0.0
    return f"{values.mean():+.3f}  {deviation:.3f}  {values.min():+.3f}"


def _data(number: int, arguments: argparse.Namespace) -> pl.DataFrame:
    if arguments.folder:
        return read(arguments.folder)
    kept = arguments.keep / f"handbook_{number}.parquet" if arguments.keep else None
    if kept and kept.is_file():
        return pl.read_parquet(kept)
    data = simulate(number)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        data.write_parquet(kept)
    return data


def main() -> None:
    """Run the protocol for each data set and print published and measured figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--folder", type=Path, help="`data` folder of simulated-data-raw")
    source.add_argument("--seeds", type=int, nargs="+", default=[0], help="0 is the book's data")
    parser.add_argument("--baselines", action="store_true", help="the book's models beside ours")
    parser.add_argument("--keep", type=Path, help="folder for what is generated")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    every: list[dict[str, Ranking]] = []
    for number in arguments.seeds:
        data = _data(number, arguments)
        measured = {"transactions": len(data), "frauds": int(data["is_fraud"].sum())}
        print(f"\nseed {number}: {measured}; AUC, average precision, precision at 100 people a day")
        with duckdb.connect(config={"threads": arguments.threads}) as con:
            found = measure(con, data, arguments.baselines)
        every += found
        if number == 0:
            print(f"the book's data is {PUBLISHED}: equal is {measured == PUBLISHED}")
            for name, target in TARGETS.items():
                value = getattr(found[0][PROJECT], name)
                print(f"{name:<20}{value:.3f}  at least {target:.3f}: {value >= target}")
    spread(every)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
