"""Jobs, the landing sensor, the daily schedule and the lock that keeps runs one at a time.

What belongs here: when things run and what a run is made of. What does not: the work itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from pipelines.ingest.private import close_to_others, make_private_folder
from pipelines.settings import Settings, Workspace

# Its check is part of the step, so it comes with the asset.
_WEEKLY = dg.AssetSelection.assets(["publish", "weekly_audit"])
_RELEASE = dg.AssetSelection.assets(["publish", "release"])

everything = dg.define_asset_job(
    "everything",
    # The review of what is live has its own day; a run has just audited what it publishes.
    selection=dg.AssetSelection.all() - _WEEKLY,
    description="The whole way: landing folder to published database and report.",
)
new_files = dg.define_asset_job(
    "new_files",
    selection=dg.AssetSelection.groups("ingest"),
    description="Reads new files into the lake and says what was refused; builds no table.",
)
reports_only = dg.define_asset_job(
    "reports_only",
    selection=_RELEASE,
    config={"ops": {"publish__release": {"config": {"redraw": True}}}},
    description=(
        "Draws the reports again from the current release's databases, which are audited again "
        "with them: a new release, or a refusal."
    ),
)
audit_only = dg.define_asset_job(
    "audit_only",
    selection=_WEEKLY,
    description="Looks again at what is live: privacy and quality together, on one page.",
)
JOBS = [everything, new_files, reports_only, audit_only]

# Bills of a day are ready between 09:00 and 10:00 of the next (WeChat Pay and Alipay alike).
daily = dg.ScheduleDefinition(
    name="daily_everything",
    job=everything,
    cron_schedule="30 10 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning after the wallets have made yesterday's bills available.",
)
weekly = dg.ScheduleDefinition(
    name="weekly_privacy_audit",
    job=audit_only,
    cron_schedule="0 7 * * 1",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Monday: what passed when it was published may not pass any more.",
)
SCHEDULES = [daily, weekly]


class WorkspaceBusyError(Exception):
    """Another run is at work on the same folders."""


@contextlib.contextmanager
def run_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace for one run; the same process may hold it more than once.

    Raises:
        WorkspaceBusyError: another run, from the command line or the UI, is at work on it.
    """
    workspace.root.mkdir(parents=True, exist_ok=True)
    # Every payment of every pseudonym is in the warehouse, also in what it spills while it works.
    make_private_folder(workspace.warehouse.parent)
    lock = FileLock(workspace.root / ".run.lock", is_singleton=True, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkspaceBusyError(
            f"Another run is working on {workspace.root}. Wait for it to end, then start again."
        ) from None
    try:
        yield
    finally:
        # DuckDB and dbt write with the modes of the shell they were started from.
        for folder in (workspace.warehouse.parent, workspace.models, workspace.root / "audiences"):
            if folder.is_dir():
                close_to_others(folder)
        lock.release()


def _fingerprints(files: list[Path]) -> dict[str, list[int]]:
    found = {}
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # moved away between listing and stat
            stat = path.stat()
            found[str(path)] = [stat.st_size, stat.st_mtime_ns]
    return found


def plan_landing(files: list[Path], cursor: str | None) -> tuple[str | None, str, str]:
    """Decide what the landing folder asks for.

    Args:
        files: the files in landing now.
        cursor: JSON of the last tick: what was seen, and what was last asked for.

    Returns:
        run key (None when nothing is to be run), new cursor, and a sentence that says why. A file
        counts as complete when its size and time did not change between two ticks; all new files
        go into one run, because a run costs the same for one file as for a hundred.
    """
    before = json.loads(cursor) if cursor else {"seen": {}, "done": {}}
    now = _fingerprints(files)
    new = {path for path, print_ in now.items() if before["done"].get(path) != print_}
    growing = {path for path in new if before["seen"].get(path) != now[path]}
    after = {"seen": now, "done": before["done"]}
    if not now:
        return None, json.dumps(after), "The landing folder is empty."
    if growing:
        return None, json.dumps(after), f"{len(growing)} file(s) still arriving; looking again."
    if not new:
        return None, json.dumps(after), "No new files."
    after["done"] = now
    digest = hashlib.sha256(json.dumps(now, sort_keys=True).encode()).hexdigest()[:16]
    return f"landing-{digest}", json.dumps(after), f"{len(new)} new file(s)."


@dg.sensor(
    job=everything,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run for new files in the landing folder, once they are complete.",
)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for one run when all files in landing are complete and some are new."""
    workspace = Workspace("merchant", Settings().landing, Settings().data_dir, Settings())
    run_key, cursor, why = plan_landing(workspace.input_files(), context.cursor)
    context.update_cursor(cursor)
    if run_key is None:
        return dg.SkipReason(why)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key)])


DAGSTER_YAML = """\
# Written by Wallet Analytics on first use; yours to change.
telemetry:
  enabled: false
event_log_storage:
  module: pipelines.history
  class: RunHistory
  config:
    base_dir: {folder}
nux:
  enabled: false
# DuckDB has one writer: runs wait for one another.
concurrency:
  runs:
    max_concurrent_runs: 1
retention:
  schedule:
    purge_after_days: 30
  sensor:
    purge_after_days:
      skipped: 3
      failure: 30
      success: 30
"""


def prepare_dagster_home(settings: Settings) -> Path:
    """Make the folder of Dagster's run history, with a `dagster.yaml` if it has none."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        # A JSON text is a YAML text, whatever the folder is called.
        folder = json.dumps(str(home / "history" / "runs"), ensure_ascii=False)
        config.write_text(DAGSTER_YAML.format(folder=folder), encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def history() -> dg.DagsterInstance:
    """Dagster's instance for a run in this process, whose steps print to the terminal alone.

    Dagster would keep what each step prints, by two processes a step that watch this one and print
    their own tracebacks when Ctrl-C reaches them. Progress is in the run's event log anyway.
    `prepare_dagster_home` comes first.
    """
    from dagster._core.instance import InstanceRef

    nothing = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    reference = InstanceRef.from_dir(
        os.environ["DAGSTER_HOME"], overrides={"compute_logs": nothing}
    )
    return dg.DagsterInstance.from_ref(reference)
