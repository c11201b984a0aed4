"""What a new day costs on a history: where the time of building only what changed goes.

    python tests/benchmarks/new_day.py [--attempts 300000] [--months 6]

A simulated merchant's files are read and built, but for those of the last bill day; then that day
arrives. Prints seconds of a build of everything, of the new day's, and of a build when nothing is
new; and of the new day's, the share of each layer and of the slowest models: what facts that were
incremental by business key could save at most.

And what they would save: `fct_payments` is made anew, and beside it a copy from before is merged by
`order_key` (rows of the changed orders made by the same SQL over the parents' rows of these orders,
deleted and inserted in one transaction). Which orders changed is given to the merge for nothing; a
real one would have to find them, and also every order that became lost by the mere passing of time.
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
from arrival_orders import land, marts

from pipelines.settings import Settings, Workspace
from pipelines.simulate import simulate
from pipelines.warehouse import dbt_run, incremental
from pipelines.warehouse.connect import connect

_DAY = re.compile(r"20\d\d-?[01]\d-?[0-3]\d")


def build(workspace: Workspace, label: str, full: bool = False) -> list[dbt_run.NodeRun]:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    runs = incremental.build_changed(workspace, nodes=marts(), full_refresh=full)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    done = [run for run in runs if run.unchanged is None]
    print(
        f"{label:14} {len(done):3d} of {len(runs)} built, {time.monotonic() - began:6.1f} s,"
        f" {cpu:6.1f} CPU s"
    )
    return done


def layer(run: dbt_run.NodeRun) -> str:
    return run.name[:4] if run.name[:4] in {"fct_", "dim_", "rpt_", "int_", "stg_"} else "seeds"


def keep_copy(workspace: Workspace) -> None:
    with connect(workspace) as con:
        con.execute("create schema if not exists spare")
        con.execute("create or replace table spare.before as from marts.fct_payments")


def median(action: Callable[[], None], prepare: Callable[[], None]) -> float:
    """Median seconds of five times, each from the same state."""
    seconds = []
    for _ in range(5):
        prepare()
        began = time.monotonic()
        action()
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


def merge_by_key(workspace: Workspace) -> None:
    """Print the time of `fct_payments` made anew, and merged by its key."""
    model = "models/marts/payments/fct_payments.sql"
    sql = dbt_run.compiled_path(workspace, model).read_text(encoding="utf-8")
    restricted = re.sub(
        r'"warehouse"\."marts"\."(fct_\w+)" where is_first_attempt',
        r"(from marts.\1 semi join spare.changed using (order_key)) where is_first_attempt",
        sql,
    )
    restricted = re.sub(
        r'from "warehouse"\."marts"\."(fct_payment_attempts)"(?=\s+where attempts_in_order)',
        r"from (from marts.\1 semi join spare.changed using (order_key))",
        restricted,
    )
    restricted = re.sub(
        r'from "warehouse"\."marts"\."(fct_captures|fct_refunds)"',
        r"from (from marts.\1 semi join spare.changed using (order_key))",
        restricted,
    )
    with connect(workspace) as con:
        con.execute(
            "create or replace table spare.changed as select distinct order_key from"
            " (from marts.fct_payments except from spare.before)"
            " union select order_key from"
            " (from spare.before except from marts.fct_payments)"
        )
        rows = con.execute(
            "select (select count(*) from spare.changed), (select count(*) from spare.before)"
        ).fetchall()[0]
        anew = median(
            lambda: con.execute(f"create or replace table spare.anew as ({sql})"), lambda: None
        )
        merged = median(
            lambda: _merge(con, restricted),
            lambda: con.execute("create or replace table spare.merged as from spare.before"),
        )
        differs = con.execute(
            "select count(*) from (from spare.merged except from marts.fct_payments)"
        ).fetchall()[0][0]
    print(
        f"fct_payments, {rows[1]:,} orders of which {rows[0]:,} changed:"
        f" made anew {anew:.2f} s, merged by order_key {merged:.2f} s ({differs} rows differ)"
    )


def _merge(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    con.execute("begin")
    con.execute("delete from spare.merged where order_key in (from spare.changed)")
    con.execute(f"insert into spare.merged {sql}")
    con.execute("commit")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attempts", type=int, default=300_000)
    parser.add_argument("--months", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exports, home = Path(folder) / "exports", Path(folder) / "home"
        simulate(exports, seed=7, attempts=options.attempts, months=options.months)
        settings = Settings(data_dir=home, workspace="merchant", pseudonym_key_file=home / "key")
        workspace = settings.open_workspace()
        files = sorted(path for path in exports.rglob("*") if path.is_file())
        days = {path: found[-1] for path in files if (found := _DAY.findall(path.name))}
        newest = max(day.replace("-", "") for day in days.values())
        late = [path for path, day in days.items() if day.replace("-", "") == newest]
        land(workspace, exports, [path for path in files if path not in late])
        build(workspace, "everything")
        keep_copy(workspace)
        land(workspace, exports, late)
        done = build(workspace, "a new day")
        build(workspace, "nothing new")
        merge_by_key(workspace)
        spent = Counter()
        for run in done:
            spent[layer(run)] += run.seconds
    total = sum(spent.values())
    print(f"{len(late)} files of {newest}; node seconds of the new day by layer:")
    print("  " + ", ".join(f"{name} {s:.1f} ({s / total:.0%})" for name, s in spent.most_common()))
    for run in sorted(done, key=lambda run: -run.seconds)[:12]:
        print(f"  {run.seconds:6.2f} s {run.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
