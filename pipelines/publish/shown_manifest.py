"""What of dbt's manifest readers of a release may see.

What belongs here: the lists of what is kept, and the manifest cut down to them in the shape that
dbt's own page reads. What does not: the catalogue and the page (`model_docs`).

The manifest is reduced by lists of what is kept, never of what is dropped: what a later version of
dbt adds stays at home. Raw SQL is the project's own and open; compiled SQL holds paths.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pipelines.privacy.policy import AUDIENCES

# Of a node, in any section of the manifest.
_NODE_KEYS = (
    "name",
    "alias",
    "resource_type",
    "package_name",
    "original_file_path",
    "fqn",
    "schema",
    "identifier",
    "source_name",
    "source_description",
    "description",
    "tags",
    "language",
    "raw_code",
    "macro_sql",
    "arguments",
    "refs",
    "sources",
    "column_name",
    "access",
    "group",
    "version",
)
_TEST_KEYS = ("name", "namespace", "kwargs")
_CONFIG_KEYS = ("enabled", "materialized", "severity", "tags")
_COLUMN_KEYS = ("name", "description", "data_type", "tags")
# Database of all nodes; dbt calls it after the warehouse's file.
DATABASE = "published"
_PRIVATE = "private"

_METRIC_PARTS = ("numerator", "denominator", "exclusions", "unit")


def reduced_manifest(
    manifest: Mapping[str, Any], metrics: Iterable[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """What of a manifest readers of a release may see, in the shape that dbt's page reads.

    Published models, everything they are made from, the tests of these, the macros they use, and
    the metrics. No run of dbt, machine, path or person is in it.

    Args:
        manifest: dbt's `manifest.json`.
        metrics: rows of the published table `metric_definitions`.
    """
    known = {
        unique_id: node
        for section in ("nodes", "sources", "unit_tests")
        for unique_id, node in manifest.get(section, {}).items()
    }
    shown = _published_and_behind(known)
    shown |= {
        unique_id
        for unique_id, node in known.items()
        if node.get("resource_type") in ("test", "unit_test")
        and (parents := _parents(node))
        and parents <= shown
    }
    kept = {
        unique_id: {"unique_id": unique_id, **_kept_node(known[unique_id], shown)}
        for unique_id in sorted(shown)
    }
    by_type = {"source": "sources", "unit_test": "unit_tests"}
    sections: dict[str, dict[str, Any]] = {"nodes": {}, "sources": {}, "unit_tests": {}}
    for unique_id, node in kept.items():
        sections[by_type.get(node.get("resource_type", ""), "nodes")][unique_id] = node
    project = manifest.get("metadata", {}).get("project_name") or "wallet"
    return {
        "metadata": {
            "adapter_type": "duckdb",
            "project_name": project,
            "send_anonymous_usage_stats": False,
        },
        **sections,
        "macros": _macros(manifest, (known[unique_id] for unique_id in shown), project),
        "metrics": dict(_metric(metric, kept, project) for metric in metrics),
        "docs": {f"doc.{project}.__overview__": _overview(kept, project)},
        "exposures": {},
        "semantic_models": {},
        "saved_queries": {},
        "functions": {},
        "groups": {},
        **_maps(kept),
    }


def _published_and_behind(known: Mapping[str, Any]) -> set[str]:
    waiting = [
        unique_id
        for unique_id, node in known.items()
        if node.get("resource_type") == "model" and node.get("schema") in AUDIENCES
    ]
    found: set[str] = set()
    while waiting:
        unique_id = waiting.pop()
        if unique_id in known and unique_id not in found:
            found.add(unique_id)
            waiting.extend(_parents(known[unique_id]))
    return found


def _parents(node: Mapping[str, Any]) -> set[str]:
    return set((node.get("depends_on") or {}).get("nodes") or ())


def _kept_node(node: Mapping[str, Any], shown: Collection[str]) -> dict[str, Any]:
    config = node.get("config") or {}
    kept = _only(node, _NODE_KEYS)
    if kept.get("sources"):  # dbt has them in another order after each parse
        kept["sources"] = sorted(kept["sources"])
    kept |= {
        "contract": _only(node.get("contract") or {}, ("enforced",)),
        "config": _only(config, _CONFIG_KEYS),
        "meta": _privacy(node),
        "docs": {"show": True},
        "columns": {
            name: _only(column, _COLUMN_KEYS) | {"meta": _privacy(column)}
            for name, column in (node.get("columns") or {}).items()
        },
        "depends_on": {
            "nodes": sorted(_parents(node) & set(shown)),
            "macros": sorted((node.get("depends_on") or {}).get("macros") or ()),
        },
        "database": DATABASE if node.get("schema") in AUDIENCES else _PRIVATE,
    }
    kept.setdefault("description", "")
    kept.setdefault("tags", [])
    kept.setdefault("original_file_path", f"{kept.get('name', '')}.sql")
    if node.get("resource_type") == "test":
        kept["description"] = (config.get("meta") or {}).get("description") or kept["description"]
    if "test_metadata" in node:
        kept["test_metadata"] = _only(node["test_metadata"], _TEST_KEYS)
    return kept


def _privacy(node: Mapping[str, Any]) -> dict[str, Any]:
    meta = (node.get("config") or {}).get("meta") or node.get("meta") or {}
    return {"privacy": meta["privacy"]} if meta.get("privacy") else {}


def _only(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


def _macros(
    manifest: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]], project: str
) -> dict[str, Any]:
    """Macros of the project itself that the nodes use, directly or by other macros."""
    known = manifest.get("macros", {})
    waiting = [name for node in nodes for name in (node.get("depends_on") or {}).get("macros", ())]
    found: dict[str, Any] = {}
    while waiting:
        unique_id = waiting.pop()
        macro = known.get(unique_id)
        if macro is None or unique_id in found or macro["package_name"] != project:
            continue
        used = sorted((macro.get("depends_on") or {}).get("macros") or ())
        found[unique_id] = _only(macro, _NODE_KEYS) | {
            "unique_id": unique_id,
            "depends_on": {"macros": used},
            "docs": {"show": True},
        }
        waiting.extend(used)
    return dict(sorted(found.items()))


def _maps(kept: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    parents = {unique_id: list(node["depends_on"]["nodes"]) for unique_id, node in kept.items()}
    children: dict[str, list[str]] = {unique_id: [] for unique_id in kept}
    for unique_id, above in parents.items():
        for parent in above:
            children[parent].append(unique_id)
    return {"parent_map": parents, "child_map": children}


def _metric(
    metric: Mapping[str, str], kept: Mapping[str, Mapping[str, Any]], project: str
) -> tuple[str, dict[str, Any]]:
    """A metric as dbt's page shows one, with the published tables that have it as a column."""
    name = metric["metric_id"]
    unique_id = f"metric.{project}.{name}"
    parts = [metric["description_en"], metric["description_zh"]]
    parts += [f"- **{part}**: {metric[part]}" for part in _METRIC_PARTS if metric.get(part)]
    tables = [
        node_id
        for node_id, node in kept.items()
        if node["database"] == DATABASE and name in node["columns"]
    ]
    return unique_id, {
        "unique_id": unique_id,
        "name": name,
        "label": f"{metric['label_en']} · {metric['label_zh']}",
        "description": "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:]),
        "resource_type": "metric",
        "package_name": project,
        "original_file_path": "seeds/metric_definitions.csv",
        "type": "simple",
        "fqn": [project, name],
        "tags": [],
        "meta": {},
        "docs": {"show": True},
        "depends_on": {"nodes": tables, "macros": []},
        "refs": [],
        "columns": {},
    }


def _overview(kept: Mapping[str, Mapping[str, Any]], project: str) -> dict[str, Any]:
    """The first page: what there is, with a link to each published table."""
    lines = [
        "# Models of this release · 本次发布的模型",
        "",
        "Published tables, what they are made from (graph at the lower right), their SQL, tests "
        "and metrics. What every column means and how long it is kept is also in the "
        "[data dictionary](dictionary.html). 表结构、来源、SQL、测试与指标。",
    ]
    for audience in AUDIENCES:
        lines += ["", f"## {audience}", "", "| table | one row is |", "|---|---|"]
        for unique_id, node in kept.items():
            if node.get("schema") == audience and node.get("resource_type") == "model":
                first = re.split(r"(?<=[.。])\s", " ".join(node["description"].split()))[0]
                name = node.get("alias") or node["name"]
                lines.append(f"| [{name}](#!/model/{unique_id}) | {first.replace('|', '/')} |")
    name = "__overview__"
    return {
        "unique_id": f"doc.{project}.{name}",
        "name": name,
        "package_name": project,
        "resource_type": "doc",
        "block_contents": "\n".join(lines),
    }
