"""Let the samples arrive in random orders and compare what was built with a full rebuild.

    python tests/benchmarks/arrival_orders.py [--inputs data/samples] [--orders 3] [--steps 4]

In each order the files land in random parts (so refunds come before their payments and months
later than them), one file is taken back and lands again, a corrected copy of an attempt log comes
in between, and one person is erased. After each part only what changed is built; at the end every
table and view is compared, row by row, with a full refresh of the same lake. Prints nodes built and
time of each build. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from pipelines.ingest.forget import forget
from pipelines.ingest.run import ingest
from pipelines.publish.erasure import erase
from pipelines.settings import Settings, Workspace
from pipelines.warehouse import dbt_project, incremental
from pipelines.warehouse.connect import connect

# What dbt builds from the lake alone; published models also read what Python jobs write.
LAYERS = ("staging", "intermediate", "marts")


def marts() -> dict[str, str]:
    nodes = json.loads(dbt_project.manifest_path().read_bytes())["nodes"]
    return {
        name: f"{node['schema']}.{node['alias']}"
        for name, node in nodes.items()
        if node["resource_type"] == "seed" or (node["schema"] in LAYERS)
    }


def build(workspace: Workspace, nodes: dict[str, str], label: str, full: bool = False) -> None:
    began = time.monotonic()
    runs = incremental.build_changed(workspace, nodes=nodes, full_refresh=full)
    failed = [run.name for run in runs if not run.ok]
    built = sum(run.unchanged is None for run in runs)
    print(f"  {label:34} {built:3d} of {len(runs)} built in {time.monotonic() - began:5.1f} s")
    if failed:
        raise SystemExit(f"failed: {failed}")


def digests(workspace: Workspace, relations: list[str]) -> dict[str, tuple]:
    found = {}
    with connect(workspace) as con:
        for name in relations:
            query = f"select count(*), sum(cast(hash(t) as hugeint)) from {name} as t"
            found[name] = con.execute(query).fetchone()
    return found


def land(workspace: Workspace, inputs: Path, files: list[Path]) -> None:
    for path in files:
        target = workspace.inputs / path.relative_to(inputs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    ingest(workspace)


def rows_of(inputs: Path) -> list[str]:
    """Lines of the first attempt log, its header first."""
    with gzip.open(min(inputs.glob("attempts/*.csv.gz")), "rt", encoding="utf-8") as stream:
        return stream.read().splitlines()


def correct(workspace: Workspace, lines: list[str], first: int) -> None:
    """A later copy of some rows of an attempt log with other outcomes."""
    rows = [line.replace(",unknown,", ",succeeded,") for line in lines[first : first + 400]]
    text = "\n".join([lines[0], *rows]).replace(",failed,", ",unknown,") + "\n"
    (workspace.inputs / f"corrected-{first}.csv").write_text(text, encoding="utf-8")
    ingest(workspace)


def one_order(folder: Path, inputs: Path, seed: int, steps: int) -> list[str]:
    settings = Settings(
        data_dir=folder, workspace="merchant", pseudonym_key_file=folder / "pseudonym.key"
    )
    workspace, nodes, chance = settings.open_workspace(), marts(), random.Random(seed)
    files = sorted(p for p in inputs.rglob("*") if p.is_file() and p.suffix != ".md")
    chance.shuffle(files)
    parts = [files[step::steps] for step in range(steps)]
    lines = rows_of(inputs)
    for number, part in enumerate(parts, start=1):
        land(workspace, inputs, part)
        build(workspace, nodes, f"part {number}: {len(part)} files")
    back = chance.choice([path for path in files if "attempts" not in path.parts])
    (workspace.inputs / back.relative_to(inputs)).unlink()
    forget(workspace, [back.relative_to(inputs).as_posix()])
    ingest(workspace)
    build(workspace, nodes, "a file taken back")
    land(workspace, inputs, [back])
    build(workspace, nodes, "and landed again")
    correct(workspace, lines, chance.randrange(1, len(lines)))
    build(workspace, nodes, "a corrected copy of a log")
    user = lines[0].split(",").index("user_id")
    erase(workspace, chance.choice(lines[1:]).split(",")[user])
    build(workspace, nodes, "a person erased")
    correct(workspace, lines, chance.randrange(1, len(lines)))
    build(workspace, nodes, "another corrected copy")
    relations = sorted(nodes.values())
    found = digests(workspace, relations)
    build(workspace, nodes, "full refresh", full=True)
    expected = digests(workspace, relations)
    return [name for name in relations if found[name] != expected[name]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=Path, default=Path("data/samples"))
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    options = parser.parse_args()
    different = 0
    for seed in range(1, options.orders + 1):
        print(f"order {seed}")
        with tempfile.TemporaryDirectory() as folder:
            os.environ.pop("WALLET_PSEUDONYM_KEY", None)
            names = one_order(Path(folder), options.inputs, seed, options.steps)
        different += len(names)
        print(f"  {'DIFFERENT: ' + ', '.join(names) if names else 'every relation is the same'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
