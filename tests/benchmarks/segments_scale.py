"""One million simulated users through the segments room, and ten million predicted and written.

    python tests/benchmarks/segments_scale.py users [--users 1000000]
    python tests/benchmarks/segments_scale.py predict [--rows 10000000]

`users` simulates buyers (gamma purchase rates, beta dropout, a few refunds and failures) into marts
of the contract and writes every table of the room: thresholds, behaviour clusters, proof, scores,
movement. `predict` assigns users with twelve features to the nearest of eight clusters with the SQL
that the room uses, reading from and writing to a DuckDB file. Both print wall and CPU seconds and
the peak memory of the process.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "segments"))

from conftest import MARTS  # noqa: E402

from pipelines.segments.features import FEATURE_NAMES, FeaturePriors
from pipelines.segments.prediction import ClusterModel, nearest_sql
from pipelines.segments.tables import SegmentSettings, build_segment_tables
from pipelines.warehouse.store import ModelStore


@contextmanager
def measured(what: str) -> Iterator[None]:
    wall, cpu = time.monotonic(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{what}: {time.monotonic() - wall:.1f} s, {time.process_time() - cpu:.1f} CPU s,"
        f" peak memory {peak:.2f} GB",
        flush=True,
    )


def simulate(con: duckdb.DuckDBPyConnection, users: int) -> None:
    """Marts of buyers over two years, written by SQL from simulated purchase days."""
    rng = np.random.default_rng(7)
    start = rng.integers(0, 640, users)
    rate = rng.gamma(0.6, 1 / 28.0, users)
    leave = rng.beta(0.9, 2.4, users)
    day = start.astype(float)
    alive, rows = np.ones(users, bool), [(np.arange(users), start)]
    while alive.any():
        day[alive] += rng.exponential(1 / rate[alive])
        bought = alive & (day < 730)
        rows.append((np.flatnonzero(bought), day[bought].astype(int)))
        alive = bought & (rng.random(users) >= leave)
    who, when = (np.concatenate(part) for part in zip(*rows, strict=True))
    con.register("_orders", {"who": who, "day": when})
    con.execute(MARTS)
    con.execute(
        """
        insert into marts.fct_payments
        select md5('o' || row_number() over ())::uuid, md5('u' || who)::uuid,
            date '2024-07-01' + day::integer, 'CNY', 'succeeded',
            round(exp(3.4 + 0.9 * (hash(who) % 1000 / 500.0 - 1)), 2), 0, 0, false
        from _orders;
        insert into marts.dim_users by name
        select user_key, min(business_date) as first_seen_date,
            min(business_date) as first_paid_date, max(business_date) as last_paid_date,
            max(business_date) as last_attempt_date, count(*) + hash(user_key) % 3 as attempts,
            hash(user_key) % 3 as failed_attempts, count(*) as orders, count(*) as paid_orders,
            case when hash(user_key) % 20 = 0 then 1 else 0 end as refunded_orders,
            0 as recovered_orders, 0 as orders_recovered_by_other_wallet, 0 as lost_orders,
            false as is_last_order_lost, sum(net_amount) as gross_amount, 0 as refunded_amount,
            sum(net_amount) as net_amount, median(net_amount) as median_ticket, 'CNY' as currency
        from marts.fct_payments group by user_key;
        insert into marts.rpt_user_profiles
        select user_key, paid_orders, refunded_orders, attempts, failed_attempts, paid_orders,
            hash(user_key) % 2, paid_orders,
            1 + date_diff('month', first_paid_date, last_paid_date) // 2,
            (hash(user_key) % 10) / 10.0,
            case when paid_orders > 1
                then date_diff('day', first_paid_date, last_paid_date) / (paid_orders - 1) end,
            case when hash(user_key) % 4 = 0 then 0.5 else 0 end
        from marts.dim_users
        """
    )
    con.unregister("_orders")
    print(f"{users:,} users, {len(who):,} orders", flush=True)


def run_users(users: int, threads: int) -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/w.duckdb") as con:
        con.execute(f"set threads = {threads}; set memory_limit = '4GB'")
        with measured("simulated"):
            simulate(con, users)
        with measured("first run: thresholds, clusters, proof, scores, movement"):
            made = build_segment_tables(con, ModelStore(Path(folder)), SegmentSettings())
        with measured("second run, models stored"):
            made = build_segment_tables(con, ModelStore(Path(folder)), SegmentSettings())
        for message in made.messages:
            print(" ", message)
        for row in made.holdout.metrics.rows(named=True):
            print(f"  {row['metric']}: {row['value']:.3f} against {row['baseline']:.3f}")


def run_predict(rows: int, threads: int) -> None:
    rng = np.random.default_rng(3)
    width = len(FEATURE_NAMES)
    model = ClusterModel(
        features=FEATURE_NAMES,
        clip=(6.0,) * width,
        mean=(1.0,) * width,
        sd=(0.8,) * width,
        centroids=tuple(map(tuple, rng.normal(0, 1, (8, width)).tolist())),
        cluster_ids=tuple(range(1, 9)),
        names=tuple(f"group {number}" for number in range(1, 9)),
        priors=FeaturePriors(0, 0, 0, 0, 30),
        seed=1,
        sklearn_version="",
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/w.duckdb") as con:
        con.execute(f"set threads = {threads}; set memory_limit = '1GB'")
        con.execute("set preserve_insertion_order = false")
        columns = ", ".join(
            f"(hash(i * {width} + {place}) % 1000000 / 200000.0)::double as {name}"
            for place, name in enumerate(FEATURE_NAMES)
        )
        with measured(f"{rows:,} rows of {width} features made"):
            con.execute(
                f"create table features as select md5(i::varchar)::uuid as user_key, {columns}"
                f" from range({rows}) as numbers (i)"
            )
        with measured(f"{rows:,} x {width} predicted and written"):
            con.execute(f"create table assigned as {nearest_sql(model, 'from features')}")
        print(con.execute("select count(*), count(distinct cluster_id) from assigned").fetchall())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["users", "predict"])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.what == "users":
        run_users(options.users, options.threads)
    else:
        run_predict(options.rows, options.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
