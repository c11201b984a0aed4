"""Ingest as Dagster assets: one step, one asset per source, plus rejects and files.

What belongs here: calling `ingest`, metadata for the UI, the early-feedback check. What does not:
any reading of exports.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.formats.catalogue import all_formats
from pipelines.ingest.ledger import quarantined_documents
from pipelines.ingest.run import ingest
from pipelines.ingest.summary import FileResult, IngestSummary, SourceCounts
from pipelines.settings import Workspace

_GROUP = "ingest"
_OWNERS = ["team:data"]
_KINDS = {"polars", "parquet"}
_FILES_KEY = dg.AssetKey(["lake", "files"])
_REJECTS_KEY = dg.AssetKey(["lake", "rejects"])


def _spec(key: dg.AssetKey, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key, description=description, group_name=_GROUP, owners=_OWNERS, kinds=_KINDS
    )


_SPECS = [
    *(
        _spec(
            dg.AssetKey(["lake", item.source]),
            f"{item.description} Text as in the file; personal values are pseudonyms or left out.",
        )
        for item in all_formats()
    ),
    _spec(_REJECTS_KEY, "Lines that could not be read: file, line, reason, keyed hash; no values."),
    _spec(_FILES_KEY, "Every export ever seen: its counts, control totals and status."),
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
    for source, counts in summary.by_source.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["lake", source]), metadata=_source_metadata(counts)
        )
    yield dg.MaterializeResult(
        asset_key=_REJECTS_KEY, metadata={"dagster/row_count": summary.rows_rejected}
    )
    yield dg.MaterializeResult(asset_key=_FILES_KEY, metadata=_files_metadata(summary))
    if not summary.rows_loaded:
        raise dg.Failure("No row could be read from any file: there is nothing to build.")


def _source_metadata(counts: SourceCounts) -> dict[str, int]:
    return {
        "dagster/row_count": counts.rows_loaded,
        "documents": counts.documents,
        "rows_in_files": counts.rows_in_files,
        "rows_rejected": counts.rows_rejected,
        "rows_irrelevant": counts.rows_irrelevant,
        "control_totals_checked": counts.totals_checked,
        "control_totals_matched": counts.totals_matched,
    }


def _files_metadata(summary: IngestSummary) -> dict[str, object]:
    return {
        "files_seen": summary.files_seen,
        "files_new": summary.files_new,
        "files_known": summary.files_known,
        "files_quarantined": len(summary.files_quarantined),
        "nothing_new": summary.nothing_new,
        "ledger_digest": summary.digest,
        "warnings": dg.MetadataValue.md("\n".join(f"- {text}" for text in summary.warnings)),
    }


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


ASSETS = [lake]
CHECKS = [no_quarantined_files]
