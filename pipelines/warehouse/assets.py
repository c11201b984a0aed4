"""The dbt project as Dagster assets: one multi-asset, its tests as checks.

What belongs here: which asset and check a dbt node is, starting the build for what Dagster
selected, and reporting what happened. What does not: how dbt is run (`dbt_run`), SQL
(`dbt_project/`).

The Python rooms read marts and write `analysis.*`, which published models read: Dagster therefore
runs this one function in two steps, marts and published, each with its own selection.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from pipelines.settings import Workspace
from pipelines.warehouse import dbt_run, shown
from pipelines.warehouse.check_words import rule_of
from pipelines.warehouse.connect import connect
from pipelines.warehouse.incremental import StaleAnalysisError, build_changed

_UNIQUE_ID = "dagster_dbt/unique_id"
# The tag of a run that builds everything, changed or not.
FULL_REFRESH = "wallet/full_refresh"
_BUILT_FIRST = "Built first: stale, and what was selected is made from it."
# At most so many names in a message.
_NAMED = 5
# The last thing ingest writes.
_LAKE_FILES = dg.AssetKey(["lake", "files"])


class LayerTranslator(DagsterDbtTranslator):
    """Groups assets by layer: reference, staging, intermediate, marts, published.

    Seeds wait for the lake although they read nothing of it: otherwise they would be a dbt run of
    their own, before there is a lake to open.
    """

    def get_asset_spec(self, manifest: Any, unique_id: str, project: Any) -> dg.AssetSpec:
        """The spec of a node; of a seed with the lake as its upstream."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("seed."):
            return spec.merge_attributes(deps=[_LAKE_FILES])
        return spec

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Any, unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """The spec of a test, with its rule in words instead of what it means when it fails."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=rule_of(manifest["nodes"][unique_id]))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The first folder below `models`; seeds are reference data."""
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        return dbt_resource_props["fqn"][1]


@dbt_assets(
    name="dbt_models",
    manifest=dbt_run.manifest_path(),
    dagster_dbt_translator=LayerTranslator(
        # Control totals and files come from one asset of ingest.
        DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
    ),
)
def dbt_models(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Build and test those of the selected models and seeds that changed since they were built.

    What they are made from is built first where it is stale, whether selected or not: Dagster takes
    materializations of what is selected only, so the others are told by observations and the log.
    A run with the tag `wallet/full_refresh` builds all that is selected.

    Raises:
        dagster.Failure: a model or an error-severity test failed; names them, with message and SQL.
            Or what was selected reads tables that Python would have to make first, which this step
            cannot do; nothing was built.
    """
    assets = {spec.metadata[_UNIQUE_ID]: spec.key for spec in context.assets_def.specs}
    checks = {spec.metadata[_UNIQUE_ID]: spec.key for spec in context.assets_def.check_specs}
    known = dict(assets)
    assets = {node: key for node, key in assets.items() if key in context.selected_asset_keys}
    checks = {node: key for node, key in checks.items() if key in context.selected_asset_check_keys}
    try:
        runs = build_changed(
            workspace,
            nodes={*assets, *checks} if context.is_subset else None,
            full_refresh=context.run.tags.get(FULL_REFRESH) == "true",
            run_id=context.run.run_id,
            analysed=_analysed(context, known),
        )
    except StaleAnalysisError as error:
        raise dg.Failure(_to_select(error, known), allow_retries=False) from error
    declared = {
        spec.metadata[_UNIQUE_ID]
        for spec in context.assets_def.specs
        if shown.COLUMNS in spec.metadata
    }
    described = _describe(workspace, runs, declared)
    for run in runs:
        if run.unique_id in assets and run.status == "success":
            metadata = _spent(run) | described.get(run.unique_id, {})
            yield dg.MaterializeResult(asset_key=assets[run.unique_id], metadata=metadata)
        elif run.unique_id in checks and run.status != "skipped":
            yield _check_result(run, checks[run.unique_id])
        elif run.unique_id in known and run.status == "success":
            metadata = _spent(run) | described.get(run.unique_id, {})
            context.log_event(
                dg.AssetObservation(known[run.unique_id], _BUILT_FIRST, metadata=metadata)
            )
    _log(context, runs, {*assets, *checks})
    _raise_on_failure(runs)


def _analysed(
    context: dg.AssetExecutionContext, known: Mapping[str, dg.AssetKey]
) -> dict[str, set[str]]:
    """What each table that Python writes is made from: ids of models by the id of dbt's source."""
    graph = context.job_def.asset_layer.asset_graph
    ids = {key: node for node, key in known.items()}
    sources = json.loads(dbt_run.manifest_path().read_bytes())["sources"]
    found = {}
    for name, source in sources.items():
        key = dg.AssetKey([source["source_name"], source["name"]])
        if source["source_name"] == "lake" or not graph.has(key):
            continue
        found[name], waiting = set(), [key]
        while waiting:
            parents = graph.get(waiting.pop()).parent_keys
            found[name] |= {ids[parent] for parent in parents if parent in ids}
            waiting += parents - ids.keys()
    return found


def _to_select(error: StaleAnalysisError, known: Mapping[str, dg.AssetKey]) -> str:
    """What is stale, and what to materialize instead, as Dagster's own selection."""
    tables = _few([source.split(".", 2)[-1].replace(".", "/") for source in error.between])
    keys = [f'+key:"{known[node].to_user_string()}"' for node in error.readers]
    wanted = f"select {' or '.join(keys)}, or run" if 0 < len(keys) <= _NAMED else "run"
    why = "which are not there, or not as Python would make them now"
    if error.stale:
        why = (
            "which Python makes from tables that are not as they would be built now"
            f" ({_few(error.stale)})"
        )
    return (
        f"Nothing was built. What was selected reads {tables}, {why}. To make all of it again,"
        f' {wanted} the job "everything".'
    )


def _few(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _spent(run: dbt_run.NodeRun) -> dict[str, Any]:
    """What a node cost this run; of one left as it is, since when and by which run it stands."""
    if run.unchanged is None:
        return {"seconds": round(run.seconds, 3)}
    since = run.unchanged.built_at.replace(tzinfo=UTC).timestamp()
    by_run = {"unchanged_since_run": run.unchanged.run_id} if run.unchanged.run_id else {}
    return {"unchanged_since": dg.MetadataValue.timestamp(since)} | by_run


def _describe(
    workspace: Workspace, runs: Iterable[dbt_run.NodeRun], declared: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Metadata by dbt id: marts in full, of other tables the rows; columns where none are declared.

    Views are not counted, that would run them.
    """
    built = [run for run in runs if run.relation and run.status == "success"]
    tables = [run for run in built if run.materialized in {"table", "seed"}]
    marts = {run.unique_id for run in tables if (run.relation or "").startswith("marts.")}
    counts = [f"select '{run.unique_id}', count(*) from {run.relation}" for run in tables]
    if not built:
        return {}
    with connect(workspace) as con:
        columns = shown.columns_of(con, [run.relation for run in built if run.relation])
        found = {
            run.unique_id: {shown.COLUMNS: columns[run.relation]}
            for run in built
            if run.unique_id not in declared and run.relation in columns
        }
        for node, rows in con.execute(" union all ".join(counts)).fetchall() if counts else []:
            found.setdefault(node, {})["dagster/row_count"] = rows
        for run in built:
            if run.unique_id in marts and run.relation and run.unchanged is None:
                full = shown.of_table(con, run.relation, columns.get(run.relation))
                # The declared columns carry their descriptions.
                found[run.unique_id] = {k: v for k, v in full.items() if k != shown.COLUMNS}
    return found


def _check_result(run: dbt_run.NodeRun, key: dg.AssetCheckKey) -> dg.AssetCheckResult:
    is_warning = run.status == "warn"
    return dg.AssetCheckResult(
        passed=run.status == "pass",
        asset_key=key.asset_key,
        check_name=key.name,
        severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
        description=None if run.status == "pass" else _finding(run),
        metadata={
            "rows_found": run.failures,
            **_spent(run),
            **({"sql": dg.MetadataValue.path(str(run.sql_path))} if run.sql_path else {}),
        },
    )


def _log(
    context: dg.AssetExecutionContext, runs: list[dbt_run.NodeRun], selected: Collection[str]
) -> None:
    done = [run for run in runs if run.unchanged is None]
    models = sum(run.relation is not None and run.status == "success" for run in done)
    passed = sum(run.status == "pass" for run in done)
    unchanged = sum(run.unchanged is not None for run in runs)
    kept = f"; {unchanged} others unchanged" if unchanged else ""
    context.log.info(f"{models} tables and views built, {passed} tests passed{kept}")
    first = [run.name for run in done if run.relation and run.unique_id not in selected]
    if first:
        context.log.info(
            f"Of these, {len(first)} were not selected: what was selected is made from them, and"
            f" they were not as they would be built now: {', '.join(first)}"
        )
    for run in runs:
        if run.status == "warn":
            context.log.warning(_finding(run))


def _finding(run: dbt_run.NodeRun) -> str:
    """A failed or warning node in one line, in a person's words where the test has some."""
    if run.meaning and run.failures:
        return f"{run.meaning} ({run.failures} found; {run.name})"
    return f"{run.name}: {run.message}"


def _raise_on_failure(runs: list[dbt_run.NodeRun]) -> None:
    failed = [run for run in runs if not run.ok and run.status != "skipped"]
    if not failed:
        return
    lines = [_finding(run) for run in failed]
    skipped = sum(run.status == "skipped" for run in runs)
    if skipped:
        lines.append(f"{skipped} nodes that depend on them were skipped.")
    raise dg.Failure(
        description="dbt: " + "\n".join(lines),
        metadata={run.name: dg.MetadataValue.path(str(run.sql_path or "no SQL")) for run in failed},
        allow_retries=False,
    )
