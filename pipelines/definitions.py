"""Everything the Dagster UI shows, on one screen.

What belongs here: the list of assets, checks, jobs and automation, and the one resource they share.
What does not: any work; each asset lives in the `assets.py` of its room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg

from pipelines import alarms, automation, retention
from pipelines.failures import assets as failures
from pipelines.ingest import assets as ingest
from pipelines.publish import assets as publish
from pipelines.risk import assets as risk
from pipelines.segments import assets as segments
from pipelines.settings import Settings, Workspace
from pipelines.warehouse import assets as warehouse
from pipelines.warehouse.encryption import check_encryption

ASSETS = [
    ingest.lake,
    ingest.export_days,
    warehouse.dbt_models,
    segments.user_segments,
    failures.failure_breakdown,
    failures.failure_advice,
    failures.failure_drops,
    failures.refund_breakdown,
    failures.failure_drivers,
    risk.suspicious_payments,
    publish.release,
    publish.weekly_audit,
]
CHECKS = [
    ingest.no_quarantined_files,
    failures.no_recent_alarm,
    risk.no_recent_card_testing,
    risk.queue_fits_reviewers,
    risk.decisions_name_payments,
    risk.large_payments_are_verified,
    publish.privacy_audit,
]


def build_defs(
    workspace: Workspace | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Put the rooms together.

    Args:
        workspace: whose data to work on; by default what the settings say, decided once here so
            that all steps of a run agree even when a file lands meanwhile.
        loggers: Dagster loggers to use instead of the default console logger.

    Returns:
        Definitions with one resource, `workspace`, which holds the run lock while a run lasts.
    """
    chosen = workspace or Settings().open_workspace()

    @dg.resource(description="Folders and settings; holds the lock that keeps runs one at a time")
    def locked_workspace() -> Iterator[Workspace]:
        with automation.run_lock(chosen):
            check_encryption(chosen)
            yield chosen

    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=[*automation.JOBS, *ingest.JOBS, retention.tidy_history],
        schedules=[*automation.SCHEDULES, retention.tidy],
        sensors=[automation.landing_sensor, *alarms.SENSORS],
        resources={"workspace": locked_workspace},
        executor=dg.in_process_executor,
        loggers=loggers or {},
    )


defs = build_defs()
