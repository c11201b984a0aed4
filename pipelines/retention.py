"""Dagster's own history of runs, kept from growing without end.

What belongs here: which runs go, and the weekly job that deletes them. What does not: data,
releases and their audits, which nothing here touches.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from pipelines.settings import Settings

_WHOLE_JOB = "everything"
_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


@dg.op(description="Deletes runs that are older than WALLET_KEEP_RUNS_DAYS from the history.")
def forget_old_runs(context: dg.OpExecutionContext) -> None:
    """Dagster keeps the events of every run for ever, several megabytes each."""
    settings = Settings()
    days = settings.keep_runs_days
    old = old_runs(context.instance, days)
    for run_id in old:
        context.instance.delete_run(run_id)
        _remove_files(settings.dagster_home, run_id)
    context.log.info(f"{len(old)} runs older than {days} days deleted")


@dg.job(description="Weekly: deletes old runs from Dagster's own history. Touches no data.")
def tidy_history() -> None:
    """Keep the history of runs from growing without end."""
    forget_old_runs()


def _remove_files(home: Path, run_id: str) -> None:
    """What Dagster leaves of a deleted run: its emptied file of events, and what it printed."""
    for path in (home / "history" / "runs").glob(f"{run_id}.db*"):
        path.unlink()
    shutil.rmtree(home / "storage" / run_id, ignore_errors=True)


def old_runs(instance: dg.DagsterInstance, days: int) -> list[str]:
    """Ids of ended runs created more than `days` days ago, but for the newest that ended well.

    That one holds what the UI shows of each table when nothing ran for a long time.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    well = dg.RunsFilter(job_name=_WHOLE_JOB, statuses=[dg.DagsterRunStatus.SUCCESS])
    kept = {run.run_id for run in instance.get_runs(well, limit=1)}
    old = instance.get_run_ids(dg.RunsFilter(created_before=before, statuses=_ENDED))
    return [run_id for run_id in old if run_id not in kept]


tidy = dg.ScheduleDefinition(
    name="weekly_tidy_history",
    job=tidy_history,
    cron_schedule="0 6 * * 1",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Monday, so that the history of runs does not fill the disk.",
)
