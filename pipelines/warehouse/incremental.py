"""Building only what changed.

What belongs here: telling which nodes of the dbt project stand as they would be built again, having
dbt build the others, and keeping what each was built from. What does not: fingerprints
(`fingerprints`), their table (`built`), dbt itself (`dbt_run`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.settings import DBT_PROJECT_DIR, Workspace
from pipelines.warehouse import analysed as analysis_tables
from pipelines.warehouse import built, dbt_run
from pipelines.warehouse.built import Built
from pipelines.warehouse.connect import connect
from pipelines.warehouse.dbt_run import NodeRun
from pipelines.warehouse.fingerprints import Fingerprints, Plan

if TYPE_CHECKING:
    import duckdb

# Where things lie and how fast they run changes no row.
_NO_EFFECT = {
    "WALLET_WAREHOUSE",
    "WALLET_WAREHOUSE_KEY_FILE",
    "WALLET_LAKE",
    "WALLET_MEMORY_LIMIT",
    "WALLET_THREADS",
    "WALLET_TEMP_DIRECTORY",
}
# The id under which the folder is kept that the lake's views read.
_LAKE = "lake"


class StaleAnalysisError(RuntimeError):
    """What was asked for reads tables that Python would make otherwise now, or never made.

    Attributes:
        readers: ids of the models asked for that read such tables.
        between: ids of dbt's sources of these tables.
        stale: names of the marts that they are made from and that are stale, sorted; none where
            the marts stand as they should and Python was not asked since.
    """

    def __init__(
        self, readers: Collection[str], between: Collection[str], stale: list[str]
    ) -> None:
        super().__init__(f"not as they would be made now: {', '.join([*sorted(between), *stale])}")
        self.readers, self.between, self.stale = sorted(readers), sorted(between), stale


def build_changed(
    workspace: Workspace,
    nodes: Collection[str] | None = None,
    full_refresh: bool = False,
    run_id: str = "",
    analysed: Mapping[str, Collection[str]] | None = None,
) -> list[NodeRun]:
    """Build and test what is not as it would be built from the lake, the code and the settings now.

    A table beside parents of another day would be right by none of them. What the tables asked for
    are made from is therefore built and tested first, where it is stale too, and so is what their
    tests compare them with.

    Args:
        workspace: whose lake is read and whose warehouse is written.
        nodes: ids of the models, seeds and tests that this is about; all when None.
        full_refresh: build and test all of them, changed or not; not what they are made from.
        run_id: Dagster's run, kept beside what it built.
        analysed: what a table that Python writes is made from: ids of models by the source's id.

    Returns:
        One record per node, and per node above them that was built or tested, parents before
        children.

    Raises:
        DbtError: dbt could not run at all, or the lake is not there.
        StaleAnalysisError: models asked for read what Python would make otherwise now, or never
            made; nothing was built.
    """
    manifest = json.loads(dbt_run.manifest_path().read_bytes())
    every = _nodes(manifest)
    chosen = every.keys() if nodes is None else set(nodes)
    plan, has_moved = _plan(
        workspace,
        manifest,
        every,
        chosen,
        refreshed=chosen if full_refresh else (),
        analysed=analysed or {},
    )
    kept = [_kept_run(every[node], stands) for node, stands in plan.keep.items()]
    runs = []
    if plan.build:
        runs = dbt_run.run_exactly(workspace, plan.build)
    elif has_moved:
        dbt_run.open_lake(workspace)
    if plan.build or has_moved:
        _remember(workspace, plan, runs, run_id)
    depths = _depths(manifest)
    results = sorted([*kept, *runs], key=lambda run: depths[run.unique_id])
    dbt_run.write_log(workspace, results)
    return results


def _made_from(every: Mapping[str, Mapping[str, Any]], chosen: Collection[str]) -> set[str]:
    """Models, seeds and sources that the chosen models and seeds are made from."""
    found: set[str] = set()
    waiting = [node for node in chosen if every[node]["resource_type"] != "test"]
    while waiting:
        new = set(every[waiting.pop()]["depends_on"].get("nodes", [])) - found
        found |= new
        waiting += new & every.keys()
    return found


def _above(every: Mapping[str, Mapping[str, Any]], chosen: Collection[str]) -> set[str]:
    """Models and seeds that the chosen ones are made from, and the tests that would stop a run of
    these alone; without the chosen.
    """
    above = _made_from(every, chosen) & every.keys()
    known = above | set(chosen)
    tests = {
        name
        for name, node in every.items()
        if node["resource_type"] == "test"
        if node["config"]["severity"].lower() == "error"
        if known.issuperset(node["depends_on"]["nodes"])
    }
    return (above | tests) - set(chosen)


def _with_compared(every: Mapping[str, Mapping[str, Any]], chosen: Collection[str]) -> set[str]:
    """The chosen nodes, and the tables that their tests compare them with.

    Beside a table of another day, or one that is not there, a test would blame the chosen one. A
    test that was chosen without its tables looks at them as they stand.
    """
    compared = {
        table
        for node in chosen
        if every[node]["resource_type"] == "test"
        if not set(chosen).isdisjoint(every[node]["depends_on"]["nodes"])
        for table in every[node]["depends_on"]["nodes"]
        if table in every
    }
    return compared | set(chosen)


def _depths(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Of each node and source the longest way down to a source: parents come before children.

    Dagster takes results of parents first, and a parent may be built where its child stands.
    """
    from graphlib import TopologicalSorter

    parents = {
        name: node["depends_on"].get("nodes", []) for name, node in manifest["nodes"].items()
    }
    depths: dict[str, int] = {}
    for name in TopologicalSorter(parents).static_order():
        depths[name] = 1 + max((depths[parent] for parent in parents.get(name, [])), default=0)
    return depths


def not_as_built(workspace: Workspace) -> list[str]:
    """What does not stand as it would be built now, so that nobody knows whether it is right.

    A table whose lake, code or settings changed since, one that was built without what it is made
    from, a test that failed or was never asked; a table of `analysis` that dbt's models read and
    that Python would make from something else now. Tests that only warn are left out.

    Returns:
        Names of seeds, models and tests, and `analysis.table` of what Python makes, sorted.

    Raises:
        DbtError: the project cannot be parsed.
    """
    manifest = json.loads(dbt_run.manifest_path().read_bytes())
    every = _nodes(manifest)
    with connect(workspace) as connection:
        plan, _ = _planned(workspace, manifest, every, every.keys(), connection)
        read = [
            manifest["sources"][source]["identifier"]
            for source in _made_from(every, every.keys()) - every.keys()
            if manifest["sources"][source]["schema"] == analysis_tables.SCHEMA
        ]
        stale = analysis_tables.not_as_made(connection, workspace, read)
    return stale + sorted(
        every[node]["name"]
        for node in plan.build
        if every[node]["resource_type"] != "test"
        or every[node]["config"]["severity"].lower() == "error"
    )


def _nodes(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        node: content
        for node, content in manifest["nodes"].items()
        if content["resource_type"] in {"model", "seed", "test"}
    }


def _plan(
    workspace: Workspace,
    manifest: Mapping[str, Any],
    every: Mapping[str, Mapping[str, Any]],
    chosen: Collection[str],
    refreshed: Collection[str],
    analysed: Mapping[str, Collection[str]],
) -> tuple[Plan, bool]:
    """What to build, and whether the lake's views are those of a lake in another folder.

    What is to be built is forgotten here, so that a killed build is not taken for a whole one.
    """
    wanted = _with_compared(every, chosen)
    above = _above(every, wanted) | (wanted - set(chosen))
    between = _made_from(every, wanted) & analysed.keys()
    marts = {mart for table in between for mart in analysed[table]}
    behind = (marts | _made_from(every, marts)) & every.keys()
    with connect(workspace) as connection:
        plan, has_moved = _planned(
            workspace, manifest, every, above | behind | set(chosen), connection, refreshed
        )
        stale = plan.build & (marts - set(refreshed))
        late = {table for table in between if stale.intersection(analysed[table])}
        late |= _not_made(manifest, between, connection, workspace)
        if late:
            readers = [node for node in chosen if _made_from(every, [node]) & late]
            raise StaleAnalysisError(readers, late, sorted(every[node]["name"] for node in stale))
        plan = plan.without((behind - above - set(chosen)) | _left_alone(every, plan, above))
        built.forget(connection, {*plan.build, _LAKE} if has_moved else plan.build)
    return plan, has_moved


def _not_made(
    manifest: Mapping[str, Any],
    sources: Collection[str],
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
) -> set[str]:
    """Those of dbt's sources of `analysis` that Python would make otherwise now, or never made."""
    names = {source: manifest["sources"][source]["identifier"] for source in sources}
    found = analysis_tables.not_as_made(connection, workspace, names.values())
    return {source for source, name in names.items() if f"{analysis_tables.SCHEMA}.{name}" in found}


def _left_alone(
    every: Mapping[str, Mapping[str, Any]], plan: Plan, above: Collection[str]
) -> set[str]:
    """Of what is above the chosen nodes: what stands as it would be built, and tests of that."""
    built_too = plan.build.intersection(above)
    return {
        node
        for node in above
        if node not in plan.build
        or (
            every[node]["resource_type"] == "test"
            and built_too.isdisjoint(every[node]["depends_on"]["nodes"])
        )
    }


def _planned(
    workspace: Workspace,
    manifest: Mapping[str, Any],
    every: Mapping[str, Mapping[str, Any]],
    chosen: Collection[str],
    connection: duckdb.DuckDBPyConnection,
    refreshed: Collection[str] = (),
) -> tuple[Plan, bool]:
    relations = {
        node: f"{content['schema']}.{content['alias']}"
        for node, content in every.items()
        if content["resource_type"] != "test"
    }
    environment = dbt_run.dbt_environment(workspace)
    settings = {name: value for name, value in environment.items() if name not in _NO_EFFECT}
    standing = built.standing(connection, relations)
    has_moved = _LAKE not in standing or standing[_LAKE].fingerprint != str(workspace.lake)
    for node in _without_sql(workspace, every, chosen):
        standing.pop(node, None)
    plan = Fingerprints(
        manifest, DBT_PROJECT_DIR, workspace.lake, settings, chosen, standing, connection
    ).plan(refreshed)
    return plan, has_moved


def _without_sql(
    workspace: Workspace, every: Mapping[str, Mapping[str, Any]], chosen: Collection[str]
) -> set[str]:
    """Chosen models whose SQL is not on disk as it was sent: after a warehouse was restored alone,
    or a model moved to another folder.

    The privacy audit follows columns through that SQL, and would take what lies behind a missing
    one for a source that nothing is known of.
    """
    return {
        node
        for node in chosen
        if every[node]["resource_type"] == "model"
        and not dbt_run.compiled_path(workspace, every[node]["original_file_path"]).is_file()
    }


def _remember(workspace: Workspace, plan: Plan, runs: Sequence[NodeRun], run_id: str) -> None:
    """Keep what was built and what passed; what warned or failed is asked again next time."""
    now = datetime.now(UTC).replace(tzinfo=None)
    # dbt makes the lake's views whenever it starts.
    went_well = {_LAKE: Built(str(workspace.lake), "", now, run_id)}
    for run in runs:
        print_ = plan.fingerprints[run.unique_id]
        if run.status in {"success", "pass"} and print_ is not None:
            definition = plan.definitions[run.unique_id]
            went_well[run.unique_id] = Built(print_, definition, now, run_id)
    with connect(workspace) as connection:
        built.forget(connection, went_well)
        built.remember(connection, went_well)


def _kept_run(node: Mapping[str, Any], stands: Built) -> NodeRun:
    is_test = node["resource_type"] == "test"
    return NodeRun(
        unique_id=node["unique_id"],
        resource_type=node["resource_type"],
        status="pass" if is_test else "success",
        message=f"unchanged since {stands.built_at:%Y-%m-%d %H:%M} UTC",
        failures=0,
        seconds=0.0,
        sql_path=None,
        relation=None if is_test else f"{node['schema']}.{node['alias']}",
        materialized=node["config"]["materialized"],
        unchanged=stands,
    )
