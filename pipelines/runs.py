"""One run of the whole job from the command line: progress while it goes, a summary at the end.

What belongs here: starting the same Dagster job that the UI starts, showing its events to a person,
and adding up what came out. What does not: the work (the rooms) or the argument parsing (`cli`).
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.settings import Settings, Workspace

if TYPE_CHECKING:
    import dagster as dg

# What a step is called when a person reads it; steps are named by Dagster after their first asset.
_STEP_LABELS = {
    "lake": "Reading the export files",
    "lake__files_no_quarantined_files": "Checking for quarantined files",
    "dbt_models": "Building and testing tables",
    "user_segments": "Segments: lifecycle, value, chance to buy, groups, proof",
    "analysis__failure_breakdown": "Failures: breakdown by cause",
    "analysis__failure_advice": "Failures: what to do about them",
    "analysis__refund_breakdown": "Refunds: breakdown",
    "failure_drops": "Failures: alarms and root causes",
    "failure_drivers": "Failures: what drives them",
    "publish__release": "Publishing: candidate, privacy audit, report, release",
}


@dataclass
class RunResult:
    """What a run did.

    `failures` holds (step, message) of steps that failed; messages are meant for a person.
    `interrupted` says that somebody ended the run (Ctrl-C, SIGTERM): no step failed then.
    """

    success: bool
    seconds: float
    failures: list[tuple[str, str]] = field(default_factory=list)
    interrupted: bool = False


class _ProgressHandler(logging.Handler):
    """Prints step starts, ends and the rooms' own messages; drops Dagster's bookkeeping."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Print one event."""
        meta = getattr(record, "dagster_meta", {}) or {}
        kind, step = meta.get("dagster_event_type") or _event_type(record), meta.get("step_key")
        if kind == "STEP_START" and step:
            self._started[step] = time.monotonic()
            self._console.print(f"[bold]•[/bold] {_label(step)}")
        elif kind == "STEP_SUCCESS" and step in self._started:
            spent = time.monotonic() - self._started[step]
            self._console.print(f"  [green]done[/green] in {spent:.1f} s")
        elif kind is None and step and record.levelno >= logging.INFO:
            message = str(meta.get("orig_message") or record.getMessage())
            # What a failed step holds up is plain from the failure itself.
            if not message.startswith("Dependencies for step"):
                style = "yellow" if record.levelno >= logging.WARNING else "dim"
                self._console.print(f"  {message}", style=style, markup=False)


def _event_type(record: logging.LogRecord) -> str | None:
    event = (getattr(record, "dagster_meta", {}) or {}).get("dagster_event")
    return getattr(event, "event_type_value", None)


def _label(step: str) -> str:
    # Dagster runs the dbt models in several steps, because Python jobs stand between marts and
    # published models: dbt_models, dbt_models_2.
    name = step.rstrip("0123456789").removesuffix("_") if step.startswith("dbt_models") else step
    return _STEP_LABELS.get(name, name.replace("_", " "))


def run_everything(
    settings: Settings, workspace: Workspace, console: Console, full_refresh: bool = False
) -> RunResult:
    """Run the job `everything` in this process and record it in Dagster's history.

    Args:
        settings: of this process.
        workspace: the folders to work on.
        console: where progress is printed.
        full_refresh: build every table, also those whose inputs did not change.

    Returns:
        The outcome; a failed step is reported in `failures`, not raised.

    Raises:
        pipelines.automation.WorkspaceBusyError: another run is at work on the same folders.
    """
    import dagster as dg

    from pipelines import alarms, automation, definitions

    tags = {"wallet/started_by": "command line", "wallet/pid": str(os.getpid())}
    if full_refresh:
        tags["wallet/full_refresh"] = "true"  # `warehouse.assets` reads it
    automation.prepare_dagster_home(settings)
    logging.getLogger("dagster").setLevel(logging.ERROR)

    @dg.logger(description="Progress for a person at a terminal")
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("wallet")
        logger.addHandler(_ProgressHandler(console))
        return logger

    defs = definitions.build_defs(workspace, loggers={"progress": progress})
    began = time.monotonic()
    with automation.history() as instance, automation.run_lock(workspace):
        _close_interrupted_runs(instance)
        result = defs.resolve_job_def("everything").execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"progress": {}}},
            tags=tags,
        )
        problem = alarms.tell(instance, result.run_id, settings)
    if problem:
        console.print(problem, style="yellow", markup=False)
    seconds = time.monotonic() - began
    if _is_interrupted(result):
        return RunResult(False, seconds, interrupted=True)
    return RunResult(result.success, seconds, _failures(result))


def _close_interrupted_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs of this command as failed when their process is gone (killed, power cut).

    Called with the run lock held, so none of them can be alive. Nobody else would do it: an
    in-process run has no launcher that watches it, and one that looks alive for ever would hold up
    the queue of the UI.
    """
    import dagster as dg

    alive = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING],
        tags={"wallet/started_by": "command line"},
    )
    for run in instance.get_runs(alive):
        instance.report_run_failed(run, "The process of this run ended before the run did.")


def _is_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether a signal ended the run, in a step or between two."""
    from dagster._core.events import JobFailureData, RunFailureReason

    ends = [event.event_specific_data for event in result.all_events]
    return any(
        isinstance(end, JobFailureData)
        and end.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
        for end in ends
    )


def _failures(result: dg.ExecuteInProcessResult) -> list[tuple[str, str]]:
    found = []
    for event in result.all_events:
        if event.is_step_failure:
            found.append((event.step_key or "", _reason(event.step_failure_data.error)))
        elif event.event_type_value in {"PIPELINE_FAILURE", "RUN_FAILURE"} and not found:
            found.append(("run", event.message or "the run failed"))
    return found


def _reason(error: object) -> str:
    """The innermost message: what the room said, without Dagster's wrapping."""
    while getattr(error, "cause", None) is not None:
        error = error.cause
    message = str(getattr(error, "message", error)).strip()
    # Serialised errors begin with the dotted name of their class.
    name = getattr(error, "cls_name", None) or ""
    head, _, rest = message.partition(": ")
    return rest.strip() if name and head.rsplit(".", 1)[-1] == name and rest else message
