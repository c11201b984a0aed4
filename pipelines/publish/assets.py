"""The release as a Dagster asset, and the audit's verdict on it as a check.

What belongs here: calling `publish` and showing what came of it. What does not: any step of it. The
check is for the eye: the gate is inside `publish`, which a run cannot deselect.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from pydantic import Field

from pipelines.privacy.policy import AUDIENCES
from pipelines.publish.inputs import inputs_digest
from pipelines.publish.release import Release, ReleaseError, current_release, publish
from pipelines.publish.weekly import review, write_page
from pipelines.settings import Workspace
from pipelines.warehouse.dbt_run import manifest_path


def published_models(manifest: Path) -> list[dg.AssetKey]:
    """Asset keys of the dbt models in the schemas of the audiences, sorted."""
    nodes: Mapping[str, Mapping[str, Any]] = json.loads(manifest.read_bytes())["nodes"]
    translator = DagsterDbtTranslator()
    return sorted(
        translator.get_asset_key(node)
        for node in nodes.values()
        if node["resource_type"] == "model" and node["schema"] in AUDIENCES
    )


class ReleaseConfig(dg.Config):
    """How a release is made."""

    redraw: bool = Field(
        default=False,
        description="draw the pages of the current release again, from its own databases",
    )


@dg.asset(
    key=["publish", "release"],
    deps=published_models(manifest_path()),
    group_name="publish",
    owners=["team:data"],
    kinds={"duckdb", "html"},
    # A run of the morning (`automation`) is expected every day, an hour and a half after it began.
    freshness_policy=dg.FreshnessPolicy.cron(
        deadline_cron="0 12 * * *", lower_bound_delta=timedelta(hours=24), timezone="Asia/Shanghai"
    ),
    description=(
        "An immutable release: one audited DuckDB file for analysts and one for marketing, the"
        " report, the data dictionary and the audit. Nothing becomes current unless the audit of"
        " exactly these files passes."
    ),
)
def release(
    context: dg.AssetExecutionContext,
    config: ReleaseConfig,
    workspace: dg.ResourceParam[Workspace],
) -> dg.MaterializeResult:
    """Publish what the models hold now; a failed audit fails the step and publishes nothing."""
    made = publish(
        workspace,
        inputs_digest=inputs_digest(workspace),
        progress=context.log.info,
        redraw=config.redraw,
    )
    return dg.MaterializeResult(
        metadata={
            "release_id": made.release_id,
            "checks_passed": made.checks,
            "analyst_database": dg.MetadataValue.path(made.database("analyst")),
            "marketing_database": dg.MetadataValue.path(made.database("marketing")),
            "report": dg.MetadataValue.path(made.report),
            "audit": dg.MetadataValue.path(made.audit),
            "audit_sha256": made.audit_sha256,
            "megabytes": round(sum(file.bytes for file in made.files) / 1e6, 2),
            "tables": dg.MetadataValue.md(_tables(made)),
        }
    )


@dg.asset_check(
    asset=release,
    name="privacy_audit",
    description="The current release is unchanged since its audit passed.",
)
def privacy_audit(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Hash every file of the current release and compare with its audit."""
    try:
        current = current_release(workspace)
    except ReleaseError as error:
        return dg.AssetCheckResult(passed=False, metadata={"reason": str(error)})
    if current is None:
        return dg.AssetCheckResult(passed=False, metadata={"reason": "nothing is published"})
    return dg.AssetCheckResult(
        passed=True,
        metadata={"release_id": current.release_id, "checks_passed": current.checks},
    )


@dg.asset(
    key=["publish", "weekly_audit"],
    deps=[release],
    group_name="publish",
    owners=["team:data"],
    kinds={"html"},
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=8)),
    check_specs=[
        dg.AssetCheckSpec(
            "live_release_is_well",
            asset=["publish", "weekly_audit"],
            description="What is live would be published again today.",
        )
    ],
    description=(
        "What is live, looked at again: signatures and files, every privacy check with today's "
        "retention, waivers and erased people, logs of all runs, and the books. Publishes nothing."
    ),
)
def weekly_audit(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
    """Review what is live and write the page; problems fail the asset's check, not the page."""
    found = review(workspace, manifest_path())
    page = write_page(found, workspace)
    problems = [f"- {problem}" for problem in found.problems]
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(page),
            "problems": len(found.problems),
            "checks": sum(len(report.checks) for report in found.reports),
            "what_is_wrong": dg.MetadataValue.md("\n".join(problems) or "nothing"),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="live_release_is_well",
                passed=not found.problems,
                metadata={"problems": len(found.problems)},
            )
        ],
    )


def _tables(made: Release) -> str:
    lines = ["| audience | table | rows |", "|---|---|---:|"]
    for audience, tables in made.tables.items():
        lines += [f"| {audience} | {table} | {rows:,} |" for table, rows in tables.items()]
    return "\n".join(lines)
