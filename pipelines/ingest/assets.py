"""Ingest as Dagster assets: one step, one asset per source, plus rejects and files; export days.

What belongs here: calling `ingest`, the early-feedback check, the partitions by export day. What
does not: any reading of exports, the words and tables of the metadata (`shown`).
"""

import warnings
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from pipelines.formats.catalogue import all_formats
from pipelines.ingest import shown
from pipelines.ingest.ledger import quarantined_documents, read_ledger
from pipelines.ingest.run import ingest
from pipelines.ingest.summary import FileResult
from pipelines.settings import Workspace

# Said on every start of every process; the policy itself is no longer beta.
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)

_GROUP = "ingest"
_OWNERS = ["team:data"]
_KINDS = {"polars", "parquet"}
_FILES_KEY = dg.AssetKey(["lake", "files"])
_REJECTS_KEY = dg.AssetKey(["lake", "rejects"])


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
    if not summary.rows_loaded:
        raise dg.Failure("No row could be read from any file: there is nothing to build.")


# Far enough back for any export a merchant can still download; today counts.
EXPORT_DAYS = dg.DailyPartitionsDefinition(
    start_date="2020-01-01", timezone="Asia/Shanghai", end_offset=1
)


@dg.asset(
    key=["lake", "export_days"],
    partitions_def=EXPORT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=_GROUP,
    owners=_OWNERS,
    kinds=_KINDS,
    metadata={"dagster/column_schema": shown.FILE_COLUMNS},
)
def export_days(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult:
    """One partition per export day; materializing it reads the day's files again into the lake.

    For days read with a format or an option that was mended since. `lake` reads what is new by
    itself and needs no day. Afterwards the job `everything` brings the days into the tables.
    """
    days = {date.fromisoformat(key) for key in context.partition_keys}
    summary = ingest(workspace, days=days)
    again = shown.of_days(read_ledger(workspace), days, summary.results)
    for day, metadata in again.items():
        context.add_asset_metadata(metadata, partition_key=day.isoformat())
    context.log.info(f"{summary.files_seen} files of {len(days)} days read again")
    return dg.MaterializeResult(metadata={"files_read_now": summary.files_seen})


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
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(refused)} exports quarantined" if refused else "none quarantined",
        metadata={"quarantined": dg.MetadataValue.md("\n".join(lines) or "none")},
    )


ASSETS = [lake, export_days]
CHECKS = [no_quarantined_files]
