"""What a new day costs on a history: where the time of building only what changed goes.

    python tests/benchmarks/new_day.py [--attempts 300000] [--months 6]

A simulated merchant's files are read and built, but for those of the last bill day; then that day
arrives. Prints seconds of a build of everything, of the new day's, and of a build when nothing is
new; and of the new day's, the share of each layer and of the slowest models: what facts that were
incremental by business key could save at most.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from arrival_orders import land, marts

from pipelines.settings import Settings, Workspace
from pipelines.simulate import simulate
from pipelines.warehouse import dbt_run, incremental

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
        land(workspace, exports, late)
        done = build(workspace, "a new day")
        build(workspace, "nothing new")
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
