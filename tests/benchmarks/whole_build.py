"""What a build of all seeds, tables, views and tests of the warehouse costs.

    wallet run
    python tests/benchmarks/whole_build.py [--times 5]

Builds everything again from the lake of the current workspace (the samples while the landing folder
is empty), in a copy, several times in one process. Prints of each time dbt's own seconds (what it
calls "Finished running"), the seconds with what this project does around it (what changed, what is
remembered), CPU seconds, and at the end the medians without the first and the slowest nodes. The
first build of a process also pays for importing dbt and reading the parsed project.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines.settings import Settings, Workspace
from pipelines.warehouse import dbt_run, incremental

_SLOWEST = 12


def copied(workspace: Workspace, folder: Path) -> Workspace:
    """The workspace with a warehouse of its own; the lake is only read."""
    copy = Workspace(workspace.name, workspace.inputs, folder, workspace.settings)
    copy.warehouse.parent.mkdir()
    shutil.copyfile(workspace.warehouse, copy.warehouse)
    copy.lake.symlink_to(workspace.lake.resolve(), target_is_directory=True)
    return copy


def watched(seconds_of_dbt: list[float]) -> None:
    """Have each call of dbt say how long it took by its own clock."""
    call = dbt_run.invoke

    def timed(*arguments: Any) -> Any:
        result = call(*arguments)
        seconds_of_dbt.append(getattr(result, "elapsed_time", 0.0))
        return result

    dbt_run.invoke = timed


def build(workspace: Workspace, seconds_of_dbt: list[float]) -> list[dbt_run.NodeRun]:
    seconds_of_dbt.clear()
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    runs = incremental.build_changed(workspace, full_refresh=True)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{len(runs)} nodes: dbt {max(seconds_of_dbt):5.1f} s, in all"
        f" {time.monotonic() - began:5.1f} s, {cpu:5.1f} CPU s",
        flush=True,
    )
    failed = [run.name for run in runs if not run.ok]
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    workspace = Settings().open_workspace()
    if not workspace.warehouse.is_file():
        sys.exit(f"There is no warehouse at {workspace.warehouse} yet. Run `wallet run` first.")
    seconds_of_dbt: list[float] = []
    watched(seconds_of_dbt)
    with tempfile.TemporaryDirectory(prefix="wallet_build_") as folder:
        copy = copied(workspace, Path(folder))
        dbt_seconds = []
        for _ in range(times):
            runs = build(copy, seconds_of_dbt)
            dbt_seconds.append(max(seconds_of_dbt))
    if times > 1:
        print(f"median of dbt's own, without the first: {statistics.median(dbt_seconds[1:]):.1f} s")
    print(", ".join(f"{n} {kind}s" for kind, n in Counter(r.resource_type for r in runs).items()))
    for run in sorted(runs, key=lambda run: -run.seconds)[:_SLOWEST]:
        print(f"{run.seconds:6.2f} s  {run.name}")


if __name__ == "__main__":
    main()
