"""Let a merchant's files arrive in random orders and compare what is published with one run.

    python tests/benchmarks/published_orders.py [--attempts 4000] [--seeds 1 2 3] [--parts 3]
        [--inputs FOLDER] [--decisions] [--erase] [--keep FOLDER]

A simulated merchant with every provider. In each order the files land in random parts; after each
part everything that changed is built and the Python jobs run (segments, failures, risk), as in
`wallet run`; with `--decisions` files of reviewers' decisions come in between, with `--erase` one
person is erased. At the end it is published and every table of both published databases is
compared, row by row, with those of one run over the same files. Exit status 1 when they differ.

What was learned once stays by decision (limits of segments, groups, models of purchases, fraud):
the one run gets the folder `models` of the other. Its first release has no earlier one to be held
to, and neither has the last of the parts: nothing is published before the end.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg
import duckdb
from arrival_orders import land
from rich.console import Console

from pipelines import runs
from pipelines.definitions import build_defs
from pipelines.ingest.run import ingest
from pipelines.publish.erasure import erase
from pipelines.publish.release import current_release
from pipelines.settings import Settings, Workspace
from pipelines.simulate import simulate

# When a run took place; nothing else may depend on the order of arrival.
OF_THE_RUN: dict[str, set[str]] = {}
KEY = "5d0c7a91e2b84f36a7d1c05e9b3f62d48c17e0a5f4936b2d81ce74a05f9d3b68"


def settings_in(folder: Path) -> Settings:
    os.environ["WALLET_SIGNING_KEY_FILE"] = str(folder / "signing.key")
    return Settings(data_dir=folder, workspace="merchant", pseudonym_key=KEY)


def build(workspace: Workspace, label: str) -> None:
    """All assets but the release: models, segments, failures, risk."""
    began = time.monotonic()
    job = build_defs(workspace).resolve_job_def("everything")
    keys = job.asset_layer.executable_asset_keys
    chosen = [key for key in keys if key.path[0] != "publish"]
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=chosen, run_config=quiet)
    if not result.success:
        raise SystemExit(f"{label}: the run failed")
    print(f"  {label:34} {time.monotonic() - began:5.1f} s")


def publish(workspace: Workspace, label: str) -> dict[str, Path]:
    """A whole `wallet run`; the published database of each audience."""
    console = Console(file=io.StringIO(), width=200)
    result = runs.run_everything(workspace.settings, workspace, console)
    if not result.success:
        raise SystemExit(f"{label}: {result.failures}\n{console.file.getvalue()}")
    print(f"  {label:34} {result.seconds:5.1f} s")
    release = current_release(workspace)
    return {audience: release.database(audience) for audience in ("analyst", "marketing")}


def different(first: Path, second: Path) -> dict[str, str]:
    """Table -> how its rows differ."""
    found = {}
    with duckdb.connect() as con:
        con.execute(f"attach '{first}' as a (read_only); attach '{second}' as b (read_only)")
        tables = {
            name: {
                t
                for (t,) in con.execute(
                    "select table_name from duckdb_tables() where database_name = ?", [name]
                ).fetchall()
            }
            for name in "ab"
        }
        for table in sorted(tables["a"] ^ tables["b"]):
            found[table] = "only in one of them"
        for table in sorted(tables["a"] & tables["b"]):
            columns = [
                name
                for (name,) in con.execute(
                    "select column_name from duckdb_columns() where database_name = 'a'"
                    " and table_name = ? order by column_index",
                    [table],
                ).fetchall()
                if name not in OF_THE_RUN.get(table, set())
            ]
            said = _rows(con, table, columns)
            if said:
                found[table] = said
    return found


def _rows(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in columns)
    only = {
        name: con.execute(
            f"create or replace temp table only_{name} as select {listed} from {name}.main.{table}"
            f" except all select {listed} from {other}.main.{table}"
        )
        .execute(f"select count(*) from only_{name}")
        .fetchone()[0]
        for name, other in (("a", "b"), ("b", "a"))
    }
    if not any(only.values()):
        return ""
    changed = [
        column
        for column in columns
        if con.execute(
            f'select 1 from (select "{column}" from only_a'
            f' except all select "{column}" from only_b)'
            f' union all select 1 from (select "{column}" from only_b'
            f' except all select "{column}" from only_a) limit 1'
        ).fetchone()
    ]
    return f"{only['a']} and {only['b']} rows; columns {', '.join(changed)}"


def decisions(workspace: Workspace, inputs: Path, chance: random.Random, number: int) -> None:
    """A reviewer's file about attempts of the log, of which some may not have arrived yet."""
    log = min(inputs.glob("attempts/payment_attempts_2*.csv"))
    lines = log.read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("attempt_id")
    rows = [
        f"{line.split(',')[place]},{chance.choice(['confirmed', 'dismissed'])},"
        f"2026-04-{number:02d}T{chance.randrange(24):02d}:00:00Z"
        for line in chance.sample(lines[1:], 30)
    ]
    text = "\n".join(["reviewed_attempt_id,disposition,decided_at", *rows]) + "\n"
    (workspace.inputs / f"decisions-{number}.csv").write_text(text, encoding="utf-8")


def one_order(folder: Path, inputs: Path, seed: int, options: argparse.Namespace) -> dict:
    chance = random.Random(seed)
    parts = settings_in(folder / "parts").open_workspace()
    files = sorted(p for p in inputs.rglob("*") if p.is_file() and p.suffix != ".md")
    chance.shuffle(files)
    log = min(inputs.glob("attempts/payment_attempts_2*.csv"))
    lines = log.read_text(encoding="utf-8").splitlines()
    person = chance.choice(lines[1:]).split(",")[lines[0].split(",").index("user_id")]
    for number in range(1, options.parts + 1):
        land(parts, inputs, files[number - 1 :: options.parts])
        build(parts, f"part {number}")
        if options.decisions:
            decisions(parts, inputs, chance, number)
        if options.erase and number == 1:
            erase(parts, person)
            print("  a person erased")
    in_parts = publish(parts, "published")
    whole = settings_in(folder / "whole").open_workspace()
    shutil.copytree(parts.inputs, whole.inputs)
    if parts.models.is_dir():  # nothing is learned from few people
        shutil.copytree(parts.models, whole.models)
    if options.erase:
        ingest(whole)
        erase(whole, person)
    at_once = publish(whole, "one run")
    return {
        f"{audience}.{table}": said
        for audience in in_parts
        for table, said in different(in_parts[audience], at_once[audience]).items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attempts", type=int, default=4000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--parts", type=int, default=3)
    parser.add_argument("--inputs", type=Path, help="exports instead of simulated ones")
    parser.add_argument("--decisions", action="store_true")
    parser.add_argument("--erase", action="store_true")
    parser.add_argument("--keep", type=Path, help="work here and leave everything")
    options = parser.parse_args()
    logging.getLogger("dagster").setLevel(logging.ERROR)
    failed = 0
    for seed in options.seeds:
        print(f"order {seed}")
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.keep or Path(temporary)) / str(seed)
            inputs = options.inputs or folder / "exports"
            if options.inputs is None:
                simulate(inputs, seed=seed, attempts=options.attempts, providers="all")
            found = one_order(folder, inputs, seed, options)
        failed += len(found)
        for table, said in found.items():
            print(f"  DIFFERENT {table}: {said}")
        if not found:
            print("  every published table is the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
