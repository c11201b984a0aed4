"""Telling somebody who is not looking: runs that failed and checks that found something.

What belongs here: which runs are worth a message, what it says, sending it to the webhook of the
settings. What does not: judging (the rooms' checks do).

The message holds names from the code (jobs, steps, assets, checks) and nothing that data could
have written: no error texts, no counts, no file names. The webhook's address is a secret too:
whoever knows it can write into the merchant's chat. Neither is ever a reason for a run to fail.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
from dagster import DagsterEventType

from pipelines.settings import Settings

_SECONDS_PER_ANSWER = 5.0
# A server that sends a byte now and then keeps a socket's own limit from ever being reached.
_SECONDS_IN_ALL = 10.0
_STARTED_BY = "wallet/started_by"


def tell(instance: dg.DagsterInstance, run_id: str, settings: Settings) -> str | None:
    """Send what is to be told of a finished run to the merchant's webhook, if there is one.

    Returns:
        None when nothing was to be told or it arrived; else why it did not, which is written into
        the run's own log as well.
    """
    if settings.webhook_url is None:
        return None
    run = instance.get_run_by_id(run_id)
    told = message(instance, run, settings.open_workspace().name) if run else None
    if run is None or told is None:
        return None
    problem = send(settings.webhook_url.get_secret_value(), told)
    instance.report_engine_event(problem or f"Told the webhook: {told['text']}", run)
    return problem


def message(
    instance: dg.DagsterInstance, run: dg.DagsterRun, workspace: str
) -> dict[str, Any] | None:
    """What is to be told of a finished run.

    Returns:
        A payload with `text` (a sentence, as chat tools want it), `event` (`run_failed` or
        `check_failed`), `workspace`, `job`, `run_id`, `ended_at` (UTC), `failed_steps` and
        `checks` (asset, check, severity); None when all is well. Tests of dbt that only warn are
        no reason for a message; the rooms' own checks are.
    """
    steps = [event.step_key for event in _events(instance, run, DagsterEventType.STEP_FAILURE)]
    checks = _failed_checks(instance, run)
    has_failed = run.status == dg.DagsterRunStatus.FAILURE
    if not has_failed and not checks:
        return None
    job = "chosen assets" if run.job_name.startswith("__") else run.job_name
    found = ", ".join(f"{check['asset']} {check['check']}" for check in checks)
    text = f"Wallet Analytics, {workspace}: "
    text += f"{job} failed at {', '.join(steps) or 'its start'}." if has_failed else f"{job} ended."
    text += f" Checks that did not pass: {found}." if found else ""
    return {
        "text": text,
        "event": "run_failed" if has_failed else "check_failed",
        "workspace": workspace,
        "job": job,
        "run_id": run.run_id,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "failed_steps": steps,
        "checks": checks,
    }


def _events(
    instance: dg.DagsterInstance, run: dg.DagsterRun, kind: DagsterEventType
) -> list[dg.DagsterEvent]:
    records = instance.get_records_for_run(run.run_id, of_type=kind).records
    return [record.event_log_entry.get_dagster_event() for record in records]


def _failed_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dict[str, str]]:
    from pipelines.warehouse.assets import dbt_models

    of_dbt = {spec.key for spec in dbt_models.check_specs}
    events = _events(instance, run, DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [event.asset_check_evaluation_data for event in events]
    return [
        {
            "asset": check.asset_key.to_user_string(),
            "check": check.check_name,
            "severity": check.severity.value,
        }
        for check in found
        if not check.passed
        and (check.severity == dg.AssetCheckSeverity.ERROR or check.asset_check_key not in of_dbt)
    ]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the message is for the address that was set."""


def send(url: str, payload: dict[str, Any]) -> str | None:
    """POST the payload as JSON.

    Returns:
        None when the answer was 2xx, else what went wrong; the address is named by its host only.
    """
    host = urlsplit(url).hostname
    problems: list[str] = [f"The webhook at {host} did not answer in time."]
    # A thread that is left behind ends with the process and holds nothing.
    worker = threading.Thread(target=_post, args=(url, payload, problems), daemon=True)
    worker.start()
    worker.join(_SECONDS_IN_ALL)
    return f"{problems[-1]} Look at WALLET_WEBHOOK_URL." if problems[-1] else None


def _post(url: str, payload: dict[str, Any], problems: list[str]) -> None:
    host = urlsplit(url).hostname
    request = urllib.request.Request(  # noqa: S310 - settings take http and https only
        url,
        data=json.dumps(payload, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "wallet"},
        method="POST",
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_SECONDS_PER_ANSWER):
            problems.append("")
    except urllib.error.HTTPError as error:
        problems.append(f"The webhook at {host} answered {error.code}.")
    except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on and the log says it
        # Its text may hold the address.
        kind = type(getattr(error, "reason", error)).__name__
        problems.append(f"The webhook at {host} cannot be reached ({kind}).")


def _tell_of(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    run = context.dagster_run
    if run.tags.get(_STARTED_BY):
        return dg.SkipReason("A run of the command line tells by itself.")
    problem = tell(context.instance, run.run_id, Settings())
    if problem:
        context.log.warning(problem)
    return None


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    name="tell_of_failed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells WALLET_WEBHOOK_URL of every run that failed: job, steps and checks by name.",
)
def tell_of_failed_runs(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    """One message for a run that failed."""
    return _tell_of(context)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="tell_of_failed_checks",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells WALLET_WEBHOOK_URL of checks that did not pass in runs that ended well.",
)
def tell_of_failed_checks(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    """One message for a run with checks that did not pass."""
    return _tell_of(context)


SENSORS = [tell_of_failed_runs, tell_of_failed_checks]
