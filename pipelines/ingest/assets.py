"""Ingest as Dagster assets: one step, one asset per source, plus rejects and files; export days.

What belongs here: calling `ingest`, the early-feedback check, the partitions by export day. What
does not: any reading of exports, the words and tables of the metadata (`shown`).
"""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

import dagster as dg

from pipelines.formats.catalogue import all_formats
from pipelines.ingest import shown
from pipelines.ingest.ledger import INGESTED, quarantined_documents, read_ledger
from pipelines.ingest.run import ingest
from pipelines.ingest.summary import FileResult, IngestSummary
from pipelines.settings import Workspace

_GROUP = "ingest"
_OWNERS = ["team:data"]
_KINDS = {"polars", "parquet"}
_FILES_KEY = dg.AssetKey(["lake", "files"])
_REJECTS_KEY = dg.AssetKey(["lake", "rejects"])
_DAYS_KEY = dg.AssetKey(["lake", "export_days"])


# Every morning the wallets make yesterday's bills available (see `automation`).
_FRESH = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=50), warn_window=timedelta(hours=26)
)


def _spec(key: dg.AssetKey, description: str, columns: dg.TableSchema) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        description=description,
        group_name=_GROUP,
        owners=_OWNERS,
        kinds=_KINDS,
        metadata={"dagster/column_schema": columns},
        freshness_policy=_FRESH if key == _FILES_KEY else None,
    )


_SPECS = [
    *(
        _spec(
            dg.AssetKey(["lake", item.source]),
            f"{item.description} Text as in the file; personal values are pseudonyms or left out.",
            shown.source_columns(item),
        )
        for item in all_formats()
    ),
    _spec(
        _REJECTS_KEY,
        "Lines that could not be read: file, line, reason, keyed hash; no values.",
        shown.REJECT_COLUMNS,
    ),
    _spec(
        _FILES_KEY,
        "Every export ever seen: its counts, control totals and status.",
        shown.FILE_COLUMNS,
    ),
]


@dg.multi_asset(name="lake", specs=_SPECS)
def lake(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> Iterator[dg.MaterializeResult]:
    """Read every new export of the inputs folder into the lake."""

    def log(_: FileResult, done: int, total: int) -> None:
        # Not a line per file: Dagster stores each one on its own, which takes as long as reading a
        # day's bill. What became of every file is in the lake's table of files.
        if done == total or done % 100 == 0:
            context.log.info(f"{done} of {total} files")

    summary = ingest(workspace, log)
    context.log.info(
        f"{summary.files_new} new files, {summary.files_known} known, "
        f"{len(summary.files_quarantined)} quarantined; {summary.rows_loaded_now:,} rows loaded"
    )
    records = read_ledger(workspace)
    for source, counts in summary.by_source.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["lake", source]), metadata=shown.of_source(counts, records)
        )
    yield dg.MaterializeResult(
        asset_key=_REJECTS_KEY, metadata=shown.of_rejects(workspace, summary.rows_rejected)
    )
    yield dg.MaterializeResult(asset_key=_FILES_KEY, metadata=shown.of_files(summary))
    new = {item.source_file for item in summary.results if item.status == INGESTED}
    told = context.instance.get_materialized_partitions(_DAYS_KEY)
    days = {
        day
        for item in records.values()
        for day in item.days
        if item.source_file in new or day.isoformat() not in told
    }
    _report_days(context, workspace, days, summary)
    if not summary.rows_loaded:
        raise dg.Failure("No row could be read from any file: there is nothing to build.")


# Far enough back for any export a merchant can still download; today counts.
EXPORT_DAYS = dg.DailyPartitionsDefinition(
    start_date="2020-01-01", timezone="Asia/Shanghai", end_offset=1
)
# No step makes it, so "Materialize all" asks nobody for a day: runs say which days they read.
export_days = dg.AssetSpec(
    _DAYS_KEY,
    description=(
        "One partition per export day that is in the lake: days without a file show as missing. "
        "To read days again (a format or an option was mended), launch a backfill of the job "
        "read_days_again, then run everything."
    ),
    partitions_def=EXPORT_DAYS,
    group_name=_GROUP,
    owners=_OWNERS,
    kinds=_KINDS,
    metadata={"dagster/column_schema": shown.FILE_COLUMNS},
)


@dg.op(description="Reads the files of the run's export days again, in place of what was read.")
def read_again(context: dg.OpExecutionContext, workspace: dg.ResourceParam[Workspace]) -> None:
    """Read the files of the run's days again; a file that was taken away keeps its rows."""
    days = {date.fromisoformat(key) for key in context.partition_keys}
    summary = ingest(workspace, days=days)
    _report_days(context, workspace, days, summary)
    context.log.info(f"{summary.files_seen} files of {len(days)} days read again")


@dg.job(
    partitions_def=EXPORT_DAYS,
    description="Reads the files of an export day again. Backfill it over the days in question.",
)
def read_days_again() -> None:
    """One run per day; a range of days in one run from code."""
    read_again()


def _report_days(
    context: dg.OpExecutionContext | dg.AssetExecutionContext,
    workspace: Workspace,
    days: Collection[date],
    summary: IngestSummary,
) -> None:
    """Say in Dagster what the lake holds of these days now."""
    for day, metadata in shown.of_days(read_ledger(workspace), days, summary.results).items():
        key = day.isoformat()
        if EXPORT_DAYS.has_partition_key(key):
            context.log_event(dg.AssetMaterialization(_DAYS_KEY, partition=key, metadata=metadata))


@dg.asset_check(
    asset=_FILES_KEY,
    name="no_quarantined_files",
    description="Every export in the inputs folder was accepted.",
    blocking=False,
)
def no_quarantined_files(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Warn about exports that were refused, with the line and the advice for each."""
    refused = quarantined_documents(workspace)
    lines = [f"- **{document.reason}** {document.message}" for document in refused]
    told = "none quarantined"
    if refused:
        # The list below is folded away in the UI: the first reason is read at once.
        told = f"{len(refused)} quarantined, such as {refused[0].message}"
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={"quarantined_files": len(refused)}
        | ({"quarantined": dg.MetadataValue.md("\n".join(lines))} if lines else {}),
    )


ASSETS = [lake, export_days]
CHECKS = [no_quarantined_files]
JOBS = [read_days_again]
