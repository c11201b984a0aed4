"""Walk through Dagster at random and compare every release with one whole run from scratch.

    python tests/benchmarks/random_selections.py [--seeds 1 2 3] [--steps 12] [--attempts 1500]
        [--inputs FOLDER] [--keep FOLDER]

A simulated merchant with every provider. Each step is one of what a data engineer does in any
order: files arrive, a bill is replaced by a mended one, a later copy corrects a log, reviewers
decide, a person is erased, a setting changes, thresholds are adopted, a stored model is moved away,
and a random selection of assets is materialized: one table of dbt, one Python asset, the published
tables, ingest alone, the release alone. Some selections fail or are killed on the way.

The law: whenever a release is made, every table of both its databases is that of one whole run over
the same lake, settings, stored models and earlier releases. Otherwise it was refused, its message
names the job "everything", and that job then publishes. Exit status 1 when the law is broken; the
steps before are printed and come again with the same seed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
from arrival_orders import rows_of
from published_orders import KEY, different

from pipelines.definitions import build_defs
from pipelines.ingest.forget import forget
from pipelines.publish import draft
from pipelines.publish.erasure import erase
from pipelines.publish.pointer import current_release
from pipelines.segments.review import ReviewError, review
from pipelines.settings import Settings, Workspace
from pipelines.simulate import simulate
from pipelines.warehouse import analysed, built, dbt_run, shown

RELEASE = dg.AssetKey(["publish", "release"])
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SETTINGS: dict[str, list[Any]] = {
    "reporting_currency": ["CNY", "USD"],
    "business_timezone": ["Asia/Shanghai", "Europe/Berlin"],
    "minimum_cell_users": [10, 12],
    "order_retry_window_hours": [24, 2],
    "large_amount_quantile": [0.95, 0.8],
    "step_up_target": [0.9, 0.5],
    "risk_alerts_per_day": [100, 3],
    "risk_label_delay_days": [7, 1],
    "random_seed": [20260101, 7],
    "threads": [2, 1],
}
# What is stopped, and at which moment: before or while a function of the project works.
PLACES: dict[str, tuple[Any, str]] = {
    "before dbt": (dbt_run, "run_exactly"),
    "while dbt builds": (dbt_run, "run_exactly"),
    "before what dbt built is kept": (built, "remember"),
    "before what Python made is kept": (analysed, "remember"),
    "while it is described": (shown, "of_table"),
    "before the lake's tables": (import_module("pipelines.ingest.run"), "write_tables"),
    "before the release is drawn": (draft.Draft, "draw"),
}


@dataclass
class Walk:
    """Where a walk is.

    Attributes:
        folder: of this walk.
        inputs: all exports of the merchant.
        chance: of this walk.
        waiting: exports that did not arrive yet.
        changed: settings that are not the usual ones.
        told: steps so far.
    """

    folder: Path
    inputs: Path
    chance: random.Random
    waiting: list[Path]
    changed: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def workspace(self, name: str = "walk") -> Workspace:
        return workspace_in(self.folder / name, self.changed)

    def tell(self, said: str, seconds: float | None = None) -> None:
        line = said if seconds is None else f"{said} ({seconds:.0f} s)"
        self.told.append(line)
        print(f"  {len(self.told):2d} {line}", flush=True)


def workspace_in(folder: Path, changed: dict[str, Any]) -> Workspace:
    os.environ["WALLET_SIGNING_KEY_FILE"] = str(folder.parent / "signing.key")
    settings = Settings(data_dir=folder, workspace="merchant", pseudonym_key=KEY, **changed)
    return settings.open_workspace()


def arrive(walk: Walk) -> str:
    if not walk.waiting:
        return "nothing is left to arrive"
    number = walk.chance.randint(1, max(1, len(walk.waiting) // 2))
    for path in walk.waiting[:number]:
        target = walk.workspace().inputs / path.relative_to(walk.inputs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    del walk.waiting[:number]
    return f"{number} files arrive"


def take_back(walk: Walk) -> str:
    """A file is taken back; half of them come again later."""
    workspace = walk.workspace()
    present = [path for path in workspace.input_files() if "attempts" not in path.parts]
    if not present:
        return "nothing to take back"
    path = walk.chance.choice(present)
    name = path.relative_to(workspace.inputs)
    path.unlink()
    forget(workspace, [name.as_posix()])
    again = walk.chance.random() < 0.5
    if again and (walk.inputs / name).is_file():
        walk.waiting.append(walk.inputs / name)
    return f"{name} is taken back{' and will come again' if again else ''}"


def correct(walk: Walk) -> str:
    lines = rows_of(walk.inputs)
    first = walk.chance.randrange(1, len(lines))
    rows = [line.replace(",failed,", ",unknown,") for line in lines[first : first + 300]]
    target = walk.workspace().inputs / f"corrected-{len(walk.told):02d}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
    return "a later copy corrects a log"


def decide(walk: Walk) -> str:
    lines = rows_of(walk.inputs)
    place = lines[0].split(",").index("attempt_id")
    rows = [
        f"{line.split(',')[place]},{walk.chance.choice(['confirmed', 'dismissed'])},"
        f"2026-04-{len(walk.told) % 28 + 1:02d}T{walk.chance.randrange(24):02d}:00:00Z"
        for line in walk.chance.sample(lines[1:], 30)
    ]
    text = "\n".join(["reviewed_attempt_id,disposition,decided_at", *rows]) + "\n"
    walk.workspace().inputs.mkdir(parents=True, exist_ok=True)
    target = walk.workspace().inputs / f"decisions-{len(walk.told):02d}.csv"
    target.write_text(text, encoding="utf-8")
    return "reviewers decide"


def erase_somebody(walk: Walk) -> str:
    lines = rows_of(walk.inputs)
    workspace = walk.workspace()
    if not any(workspace.ledger.glob("*.json")):
        return "nobody to erase yet"
    person = walk.chance.choice(lines[1:]).split(",")[lines[0].split(",").index("user_id")]
    erase(workspace, person)
    return "a person is erased"


def change_setting(walk: Walk) -> str:
    name = walk.chance.choice(list(SETTINGS))
    usual, other = SETTINGS[name]
    walk.changed[name] = usual if walk.changed.get(name, usual) == other else other
    return f"{name} = {walk.changed[name]}"


def adopt(walk: Walk) -> str:
    try:
        review(walk.workspace(), adopt=True)
    except ReviewError as error:
        return f"thresholds are not adopted: {str(error)[:60]}"
    return "thresholds are adopted"


def unlearn(walk: Walk) -> str:
    stored = sorted(walk.workspace().models.glob("*.json"))
    if not stored:
        return "no stored model to move away"
    path = walk.chance.choice(stored)
    newer = [other for other in stored if other.name[:-10] == path.name[:-10] and other > path]
    for one in [path, *newer]:
        one.unlink()
    return f"{path.name} is moved away"


def selections(walk: Walk) -> tuple[str, list[dg.AssetKey]]:
    """A random selection, in words and as keys."""
    defs = build_defs(walk.workspace())
    graph = defs.resolve_asset_graph()
    job = defs.resolve_job_def("everything").asset_layer.executable_asset_keys
    assets = {key: graph.get(key).assets_def for key in job if graph.has(key)}
    of_dbt = sorted(key for key, asset in assets.items() if asset.op.name == "dbt_models")
    others = sorted({a.op.name: a for k, a in assets.items() if k not in of_dbt}.items())
    rooms = [asset for name, asset in others if name not in {"lake", "publish__release"}]
    lake = [asset for name, asset in others if name == "lake"]
    published = [k for k in of_dbt if graph.get(k).group_name == "published"]
    marts = [k for k in of_dbt if graph.get(k).group_name == "marts"]
    pick = walk.chance.choice
    room = pick(rooms)
    mart, some = pick(marts), walk.chance.sample(of_dbt, 4)
    return pick(
        [
            ("ingest alone", [k for a in lake for k in a.keys]),
            (f"mart {mart.path[-1]}", [mart]),
            (f"tables {[k.path[-1] for k in some]}", some),
            ("all marts", marts),
            ("all of dbt", of_dbt),
            (f"Python's {room.op.name}", list(room.keys)),
            (f"Python's {room.op.name}, then the release", [*room.keys, *published, RELEASE]),
            ("all of Python", [k for a in rooms for k in a.keys]),
            ("marts and all of Python", [*marts, *(k for a in rooms for k in a.keys)]),
            ("published tables", published),
            ("published tables and the release", [*published, RELEASE]),
            ("the release alone", [RELEASE]),
            ("the release alone", [RELEASE]),
            ("all but ingest", [k for k in assets if k not in {x for a in lake for x in a.keys}]),
            ("everything", list(assets)),
        ]
    )


def materialize(workspace: Workspace, keys: list[dg.AssetKey]) -> tuple[bool, list[str]]:
    """Whether the run went well, and what its failed steps said."""
    job = build_defs(workspace).resolve_job_def("everything")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, asset_selection=keys, run_config=QUIET, raise_on_error=False
        )
    said = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            said.append(f"{event.step_key}: {error.message.strip()}")
    return result.success, said


@contextmanager
def stopped_at(place: str, stop: Callable[[], Any], after: float, skip: int) -> Iterator[None]:
    """Stop at the place: where it begins, or `after` seconds later while it works."""
    owner, name = PLACES[place]
    real, calls = getattr(owner, name), iter(range(1000))

    def hooked(*args: Any, **named: Any) -> Any:
        if next(calls) == skip:
            if not place.startswith("while dbt"):
                stop()
            threading.Timer(after, lambda: os._exit(137)).start()
        return real(*args, **named)

    setattr(owner, name, hooked)
    try:
        yield
    finally:
        setattr(owner, name, real)


def _fail() -> None:
    raise OSError("the disk is full (planned)")


def killed(walk: Walk, place: str, keys: list[dg.AssetKey]) -> str:
    """The same in a process of its own that is gone at the place."""
    told = {
        "folder": str(walk.folder / "walk"),
        "changed": walk.changed,
        "keys": [key.path for key in keys],
        "place": place,
        "after": walk.chance.uniform(0.1, 4),
        "skip": walk.chance.randrange(3) if place.startswith("while it") else 0,
    }
    script = [sys.executable, __file__, "--one", json.dumps(told)]
    status = subprocess.run(script, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    return "killed" if status == 137 else f"ended with {status}"


def one(told: dict[str, Any]) -> int:
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    workspace = workspace_in(Path(told["folder"]), told["changed"])
    keys = [dg.AssetKey(path) for path in told["keys"]]
    with stopped_at(told["place"], lambda: os._exit(137), told["after"], told["skip"]):
        good, _ = materialize(workspace, keys)
    return 0 if good else 1


def from_scratch(walk: Walk, earlier: Path) -> dict[str, str]:
    """How the current release differs from one whole run over the same."""
    walked, whole = walk.folder / "walk", walk.folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    for name in ("landing", "lake", "models"):
        if (walked / name).is_dir():
            shutil.copytree(walked / name, whole / name)
    if earlier.is_dir():
        shutil.copytree(earlier, whole / "releases", symlinks=True)
    fresh = walk.workspace("whole")
    keys = build_defs(fresh).resolve_job_def("everything").asset_layer.executable_asset_keys
    # What has landed and was not read yet is in neither.
    good, said = materialize(fresh, sorted(key for key in keys if key.path[0] != "lake"))
    if not good:
        return {"the run from scratch": f"failed: {said}"}
    there, here = current_release(fresh), current_release(walk.workspace())
    return {
        f"{audience}.{table}": differs
        for audience in ("analyst", "marketing")
        for table, differs in different(here.database(audience), there.database(audience)).items()
    }


def run(walk: Walk, name: str, keys: list[dg.AssetKey]) -> list[str]:
    """Materialize, and hold what came of it to the law; what breaks it."""
    workspace, began = walk.workspace(), time.monotonic()
    earlier = walk.folder / "earlier"
    shutil.rmtree(earlier, ignore_errors=True)
    if workspace.releases.is_dir():
        shutil.copytree(workspace.releases, earlier, symlinks=True)
    before = _id(workspace)
    good, said = materialize(workspace, keys)
    walk.tell(f"{name}: {'done' if good else said[0][:400]}", time.monotonic() - began)
    if RELEASE not in keys:
        return []
    if _id(workspace) != before:
        found = from_scratch(walk, earlier)
        walk.tell("the same from scratch" if not found else f"DIFFERENT {found}")
        return [f"{table}: {differs}" for table, differs in found.items()]
    if good:
        return [f"{name}: no release and no failure"]
    refused = [line for line in said if line.startswith("publish__release")]
    told = ('"everything"', "Build the models")
    if refused and not any(words in refused[0] for words in told):
        return [f"the refusal does not say what to do: {refused[0]}"]
    return []


def _id(workspace: Workspace) -> str | None:
    release = current_release(workspace)
    return release and release.release_id


def whole(walk: Walk) -> list[str]:
    """What a refusal asks for; it must publish."""
    keys = build_defs(walk.workspace()).resolve_job_def("everything")
    before = _id(walk.workspace())
    found = run(walk, "the job everything", sorted(keys.asset_layer.executable_asset_keys))
    return found or ([] if _id(walk.workspace()) != before else ["the whole job did not publish"])


CHANGES = [arrive, arrive, arrive, take_back, correct, decide, erase_somebody, change_setting]
CHANGES += [change_setting, adopt, unlearn]


def step(walk: Walk) -> list[str]:
    if walk.chance.random() < 0.45:
        walk.tell(walk.chance.choice(CHANGES)(walk))
        return []
    name, keys = selections(walk)
    kind = walk.chance.random()
    if kind < 0.15:
        place = walk.chance.choice(list(PLACES))
        walk.tell(f"{name}: {killed(walk, place, keys)} {place}")
        return []
    if kind < 0.25:
        place = walk.chance.choice([one for one in PLACES if not one.startswith("while dbt")])
        with stopped_at(place, _fail, 1e9, 0):
            _, said = materialize(walk.workspace(), keys)
        walk.tell(f"{name}: failure {place}; {said[:1]}"[:200])
        return []
    return run(walk, name, keys)


def one_walk(folder: Path, inputs: Path, seed: int, steps: int) -> list[str]:
    chance = random.Random(seed)
    files = sorted(p for p in inputs.rglob("*") if p.is_file() and p.suffix != ".md")
    chance.shuffle(files)
    walk = Walk(folder, inputs, chance, files)
    walk.tell(arrive(walk))
    found = whole(walk)
    while not found and len(walk.told) < steps:
        found = step(walk)
    return found or whole(walk)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attempts", type=int, default=1500)
    parser.add_argument("--months", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--inputs", type=Path, help="exports instead of simulated ones")
    parser.add_argument("--keep", type=Path, help="work here and leave everything")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(json.loads(options.one))
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    broken = 0
    for seed in options.seeds:
        print(f"walk {seed}", flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.keep or Path(temporary)) / str(seed)
            inputs = options.inputs or folder / "exports"
            if options.inputs is None:
                simulate(
                    inputs,
                    seed=seed,
                    attempts=options.attempts,
                    months=options.months,
                    providers="all",
                    layout="compact",
                )
            found = one_walk(folder, inputs, seed, options.steps)
        broken += bool(found)
        for line in found:
            print(f"  BROKEN {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
