"""Building the dbt project against a workspace.

What belongs here: what can be done with a workspace's warehouse by dbt, and what became of it as
plain records. What does not: calling dbt (`dbt_call`), parsing the project (`dbt_project`), Dagster
(`assets`), SQL (`dbt_project/`).
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.settings import DBT_PROJECT_DIR, Workspace
from pipelines.warehouse import built, dbt_lean
from pipelines.warehouse.built import Built
from pipelines.warehouse.connect import connect
from pipelines.warehouse.dbt_call import DbtError, invoke, release_warehouse
from pipelines.warehouse.dbt_project import manifest_path, parsed_manifest

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# The tag of the nodes that a run is about, put on them only for as long as it takes.
_CHOSEN = "chosen_for_this_run"


@dataclass(frozen=True)
class NodeRun:
    """What became of one model, seed or test.

    Attributes:
        unique_id: dbt's id, `model.wallet.fct_payments`.
        resource_type: model, seed, test or unit_test.
        status: success, error, skipped; of tests pass, fail, warn, error, skipped.
        message: dbt's own words.
        failures: rows that a test found.
        seconds: time spent.
        sql_path: file with the SQL as it was sent, None when there is none.
        relation: `schema.table` of a model or seed, None for tests.
        materialized: table, view, seed, test or unit.
        meaning: what a failing test says to a person (`meta.description`); may be empty.
        unchanged: what it was built from is what it would be built from now, so it was left as it
            is; None when it was built or tested by this run.
    """

    unique_id: str
    resource_type: str
    status: str
    message: str
    failures: int
    seconds: float
    sql_path: Path | None
    relation: str | None
    materialized: str
    meaning: str = ""
    unchanged: Built | None = None

    @property
    def name(self) -> str:
        """The node's name without type and project; hashes of generic tests are left in."""
        return self.unique_id.split(".", 2)[2]

    @property
    def ok(self) -> bool:
        """Whether the node did what it should; a warning is fine, a skipped node is not."""
        return self.status in {"success", "pass", "warn"}


def dbt_environment(workspace: Workspace) -> dict[str, str]:
    """The variables that `profiles.yml` and the macros read, as a workspace wants them."""
    settings = workspace.settings
    return {
        "WALLET_WAREHOUSE": str(workspace.warehouse),
        # The file, never the key.
        "WALLET_WAREHOUSE_KEY_FILE": str(settings.warehouse_key_file or ""),
        "WALLET_LAKE": str(workspace.lake),
        "WALLET_MEMORY_LIMIT": settings.memory_limit,
        "WALLET_THREADS": str(settings.threads),
        "WALLET_TEMP_DIRECTORY": str(workspace.warehouse.with_suffix(".tmp")),
        "WALLET_MINIMUM_CELL_USERS": str(settings.minimum_cell_users),
        "WALLET_REPORTING_CURRENCY": settings.reporting_currency,
        "WALLET_BUSINESS_TIMEZONE": settings.business_timezone,
        "WALLET_LARGE_AMOUNT_QUANTILE": str(settings.large_amount_quantile),
        "WALLET_ORDER_RETRY_WINDOW_HOURS": str(settings.order_retry_window_hours),
    }


def build(
    workspace: Workspace,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    only_selected: bool = False,
) -> list[NodeRun]:
    """Build and test models in the warehouse of a workspace, whether they changed or not.

    Which relations the selectors come to is dbt's to know: afterwards nothing passes for unchanged.

    Args:
        workspace: whose lake is read and whose warehouse is written.
        select: dbt selectors; everything when empty.
        exclude: dbt selectors to leave out.
        only_selected: run just the tests that are selected by name; otherwise also those of
            selected models whose other parents are selected or stand before them.

    Returns:
        One record per node, in the order they finished. Failures are records, not exceptions.

    Raises:
        DbtError: dbt could not run at all, or the lake is not there.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    arguments += ["--indirect-selection", "empty" if only_selected else "buildable"]
    if select:
        arguments += ["--select", *select]
    if exclude:
        arguments += ["--exclude", *exclude]
    with connect(workspace) as connection:
        built.forget(connection)
    runs = _run_nodes(arguments, workspace)
    write_log(workspace, runs)
    return runs


def run_exactly(workspace: Workspace, nodes: Collection[str]) -> list[NodeRun]:
    """Build or test some of the project's nodes and no other, in the order they need.

    Args:
        workspace: whose lake is read and whose warehouse is written.
        nodes: their ids.

    Raises:
        DbtError: dbt could not run at all, or the lake is not there.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "empty"]
    with _marked(parsed_manifest(), nodes):
        return _run_nodes([*arguments, "--select", f"tag:{_CHOSEN}"], workspace)


@contextlib.contextmanager
def _marked(manifest: Manifest, nodes: Collection[str]) -> Iterator[None]:
    """Some nodes of the parsed project with a tag for as long as dbt chooses by it.

    By their names, dbt splits and compares each name with each node, three times over: three CPU
    seconds for 473 of them.
    """
    for node in nodes:
        manifest.nodes[node].tags.append(_CHOSEN)
    try:
        yield
    finally:
        for node in nodes:
            manifest.nodes[node].tags.remove(_CHOSEN)


def open_lake(workspace: Workspace) -> None:
    """Make the views of the lake's files and build nothing.

    Raises:
        DbtError: the lake cannot be read.
    """
    try:
        result = invoke(
            ["run-operation", "open_lake_now"], dbt_environment(workspace), parsed_manifest()
        )
    finally:
        release_warehouse()
    for run in result.results:
        if str(run.status) != "success":
            raise DbtError(f"The lake at {workspace.lake} cannot be read. Is it there, and whole?")


def write_log(workspace: Workspace, runs: Iterable[NodeRun]) -> None:
    """Write `dbt/last_build.log` beside the warehouse, one line per node."""
    lines = [f"{run.status:8} {run.seconds:7.2f} s  {run.name}  {run.message}" for run in runs]
    log = _work_dir(workspace) / "last_build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_unit_tests(workspace: Workspace) -> list[NodeRun]:
    """Run dbt's unit tests. They test SQL on rows made up in YAML, not data: for the test suite.

    The models' parents must exist in the warehouse; their columns give the made-up rows types.
    """
    return _run_nodes(["test", "--select", "test_type:unit"], workspace)


def write_docs(workspace: Workspace) -> Path:
    """Write dbt's own documentation of the warehouse as one page that needs no server.

    Lineage, SQL, tests and columns of every model with the types and descriptions they have in this
    warehouse. For those who work on it: it shows paths and SQL of the private side, so it stays
    beside the warehouse and is no part of a release.

    Returns:
        The page, `dbt/docs.html` beside the warehouse.

    Raises:
        DbtError: dbt could not run, or there is no warehouse yet.
    """
    if not workspace.warehouse.is_file():
        raise DbtError(
            f"There is no warehouse at {workspace.warehouse} yet. Run `wallet run` first."
        )
    folder = _work_dir(workspace) / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(manifest_path(), folder / "manifest.json")
    arguments = ["docs", "generate", "--static", "--no-compile", "--target-path", str(folder)]
    try:
        invoke(arguments, dbt_environment(workspace), parsed_manifest())
    finally:
        release_warehouse()
    page = _work_dir(workspace) / "docs.html"
    (folder / "static_index.html").replace(page)
    shutil.rmtree(folder)
    return page


def _run_nodes(arguments: list[str], workspace: Workspace) -> list[NodeRun]:
    work_dir = _work_dir(workspace)
    work_dir.mkdir(parents=True, exist_ok=True)
    arguments = [*arguments, "--no-write-json", "--target-path", str(work_dir / "target")]
    manifest = parsed_manifest()
    if arguments[0] == "build":
        manifest = dbt_lean.with_reachable_macros(manifest)
    try:
        with dbt_lean.settled():
            result = invoke(arguments, dbt_environment(workspace), manifest)
    finally:
        release_warehouse()
    runs = [_node_run(run, workspace) for run in result.results]
    for run in runs:
        if run.resource_type == "operation" and not run.ok:
            raise DbtError(f"The lake at {workspace.lake} cannot be read. {run.message}")
    return [run for run in runs if run.resource_type != "operation"]


def compiled_folder(workspace: Workspace) -> Path:
    """Where dbt leaves the SQL it sent; the privacy audit reads it there."""
    return _work_dir(workspace) / "target" / "compiled"


def compiled_path(workspace: Workspace, original_file_path: str) -> Path:
    """The SQL that dbt sent for a node of this project."""
    return compiled_folder(workspace) / "wallet" / original_file_path


def _work_dir(workspace: Workspace) -> Path:
    return workspace.warehouse.parent / "dbt"


def _node_run(run: Any, workspace: Workspace) -> NodeRun:
    node = run.node
    compiled = getattr(node, "compiled_path", None)
    path = compiled_path(workspace, node.original_file_path)
    if compiled:
        path = DBT_PROJECT_DIR / compiled
    is_table = node.resource_type in {"model", "seed"}
    return NodeRun(
        unique_id=node.unique_id,
        resource_type=str(node.resource_type),
        status=str(run.status),
        message=(run.message or "").strip(),
        failures=run.failures or 0,
        seconds=run.execution_time,
        sql_path=path if path.is_file() else None,
        relation=f"{node.schema}.{node.alias}" if is_table else None,
        materialized=str(getattr(node.config, "materialized", "unit")),
        meaning=node.config.meta.get("description", ""),
    )
