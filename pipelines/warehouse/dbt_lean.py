"""What dbt does for every node although nobody here needs it, left out.

What belongs here: the macros that a build can call, events that nobody reads, memory that nobody
gives back. All of it reaches into dbt's own classes, so nothing else may. What does not: how dbt is
called (`dbt_call`).

A build of this project is hundreds of small nodes, and two thirds of its CPU are dbt's Python.
"""

from __future__ import annotations

import contextlib
import gc
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# Macros that dbt's Python calls by name, before and between nodes (dbt/adapters/sql/impl.py).
_CALLED_BY_DBT = (
    "check_schema_exists",
    "create_schema",
    "drop_relation",
    "drop_schema",
    "generate_database_name",
    "get_columns_in_relation",
    "list_relations_without_caching",
    "list_schemas",
    "rename_relation",
    "truncate_relation",
)


def with_reachable_macros(manifest: Manifest, adapter: str = "duckdb") -> Manifest:
    """The same project without the macros that none of its models, seeds, tests and hooks can call.

    For each node dbt makes an object for each macro it knows, twice; two thirds of them are there
    for snapshots, other databases and features that this project does not use. A macro that is
    missing after all is an error of the node that calls it.

    Args:
        manifest: the parsed project; its nodes are shared with the result, not copied.
        adapter: the database's adapter, whose variants of a macro are kept beside the default ones.
    """
    project = manifest.metadata.project_name
    named: dict[str, list[str]] = defaultdict(list)
    for unique_id, macro in manifest.macros.items():
        named[macro.name].append(unique_id)

    materializations = set()
    to_do: list[str] = []
    for node in manifest.nodes.values():
        to_do += node.depends_on.macros
        materializations.add(node.config.materialized)
    for name in sorted(materializations):
        found = manifest.find_materialization_macro_by_name(project, name, adapter)
        to_do += [found.unique_id] if found else []
    for name in _CALLED_BY_DBT:
        to_do += named[name]

    reachable: set[str] = set()
    while to_do:
        unique_id = to_do.pop()
        if unique_id in reachable or unique_id not in manifest.macros:
            continue
        reachable.add(unique_id)
        macro = manifest.macros[unique_id]
        to_do += macro.depends_on.macros
        # `adapter.dispatch` chooses by name while SQL is rendered; any package may have the name.
        for name in (macro.name, f"{adapter}__{macro.name}", f"default__{macro.name}"):
            to_do += named[name]

    # Not `copy.copy`: dbt's own pickling mixes up the fields of a manifest just parsed.
    lean = object.__new__(type(manifest))
    vars(lean).update(vars(manifest))
    lean.macros = {name: macro for name, macro in manifest.macros.items() if name in reachable}
    lean._macros_by_name = None
    lean._macros_by_package = None
    return lean


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """What is in memory now is not looked through for garbage until dbt is done.

    A parsed project and dbt's own classes are a quarter of a million objects that stay; Python
    would look at all of them again and again: two seconds of a build, one with this.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def hush() -> None:
    """Have dbt drop its debug events before it makes messages of them, not after.

    Nobody reads them here, and dbt fills, stamps and converts each of several thousand before it
    finds that no logger wants it. Warnings and errors stay, whole: an event is filled when somebody
    reads it.
    """
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager

    class WarningsOnly(EventManager):
        def fire_event(self, e: Any, level: Any = None, *rest: Any, **options: Any) -> None:
            if (level or e.level_tag()) in {EventLevel.WARN, EventLevel.ERROR}:
                super().fire_event(e, level, *rest, **options)

    if type(get_event_manager()) is EventManager:
        ctx_set_event_manager(WarningsOnly())
    if BaseEvent.__init__ is not _keep_arguments:
        _fill_when_read(BaseEvent)
    # To name in a warning who asks for a flag, dbt goes through the whole call stack and its source
    # files, for each flag of each of its calls. Nobody but dbt asks.
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")


def _keep_arguments(event: Any, *args: Any, **kwargs: Any) -> None:
    vars(event).update(_args=args, _kwargs=kwargs)


def _fill_when_read(events: Any) -> None:
    """Have dbt's events make their protobuf message only when somebody asks for it."""
    make, get, put = events.__init__, events.__getattr__, events.__setattr__

    def fill(event: Any) -> None:
        # An event that is being copied has nothing yet.
        if "pb_msg" not in vars(event) and "_args" in vars(event):
            make(event, *vars(event)["_args"], **vars(event)["_kwargs"])

    def get_filled(event: Any, key: str) -> Any:
        fill(event)
        return get(event, key)

    def put_filled(event: Any, key: str, value: Any) -> None:
        if key != "pb_msg":
            fill(event)
        put(event, key, value)

    events.__init__ = _keep_arguments
    events.__getattr__ = get_filled
    events.__setattr__ = put_filled
