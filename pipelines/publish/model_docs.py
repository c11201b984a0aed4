"""dbt's documentation of what is published, as one page of the release.

What belongs here: what of dbt's manifest readers may see, what a catalogue says of the finished
files, and putting both into dbt's own page. What does not: the private documentation with compiled
SQL and every relation of the warehouse (`wallet docs`), or judging the page (the audit does).

The manifest is reduced by lists of what is kept, never of what is dropped: what a later version of
dbt adds stays at home. Raw SQL is the project's own and open; compiled SQL holds paths.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from pipelines.privacy.policy import AUDIENCES

PAGE = "docs.html"
_TEMPLATE = Path(__file__).with_name("model_docs.html.j2")

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
_DATABASE = "published"
_PRIVATE = "private"

_METRIC_PARTS = ("numerator", "denominator", "exclusions", "unit")


def write_model_docs(
    manifest: Mapping[str, Any],
    databases: Mapping[str, Path],
    rows: Mapping[str, Mapping[str, int]],
    out: Path,
) -> Path:
    """Write the page.

    Args:
        manifest: dbt's `manifest.json`, whole.
        databases: audience -> finished DuckDB file; types and comments are read from it.
        rows: audience -> table -> rows in this release.
        out: the file to write.

    Returns:
        `out`. It shows the published models and, by name, description and raw SQL, what they are
        made from; it fetches nothing.
    """
    metrics = _metric_definitions(databases["analyst"])
    documents = {
        "manifest": reduced_manifest(manifest, metrics),
        "catalog": _catalog(manifest, databases, rows),
    }
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    page = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        documents={name: _embedded(document) for name, document in documents.items()},
        application=_packed_application(),
    )
    out.write_text(page, encoding="utf-8", newline="\n")
    return out


def application_sha256() -> str:
    """SHA-256 of dbt's own page without data, which the audit takes for a known library."""
    return sha256(_application()).hexdigest()


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
        "database": _DATABASE if node.get("schema") in AUDIENCES else _PRIVATE,
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
        if node["database"] == _DATABASE and name in node["columns"]
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


def _metric_definitions(path: Path) -> list[dict[str, str]]:
    """Rows of `metric_definitions`; none where a file has no such table or not these columns."""
    wanted = {"metric_id", "label_en", "label_zh", "description_en", "description_zh"}
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        columns = {
            name
            for (name,) in con.execute(
                "select column_name from duckdb_columns() where table_name = 'metric_definitions'"
            ).fetchall()
        }
        if not wanted <= columns:
            return []
        found = con.execute("select * from metric_definitions order by metric_id")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _catalog(
    manifest: Mapping[str, Any],
    databases: Mapping[str, Path],
    rows: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """What dbt's `docs generate` would ask a database: here the finished files are asked."""
    ids = {
        (node["schema"], node.get("alias") or node["name"]): unique_id
        for unique_id, node in manifest.get("nodes", {}).items()
        if node.get("resource_type") == "model" and node.get("schema") in AUDIENCES
    }
    nodes = {}
    for audience, path in databases.items():
        with closing(duckdb.connect(str(path), read_only=True)) as con:
            columns = con.execute(
                "select table_name, column_name, data_type, column_index, comment"
                " from duckdb_columns() where not internal order by table_name, column_index"
            ).fetchall()
        for table, name, data_type, index, comment in columns:
            unique_id = ids.get((audience, table))
            if unique_id is None:
                continue  # the file was exchanged after its audit: its hash will say so
            node = nodes.setdefault(unique_id, _table(unique_id, audience, table, rows))
            node["columns"][name] = {
                "type": data_type,
                "index": index,
                "name": name,
                "comment": comment,
            }
    return {"metadata": {}, "nodes": nodes, "sources": {}, "errors": None}


def _table(
    unique_id: str, audience: str, table: str, rows: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    count = {
        "id": "num_rows",
        "label": "Rows",
        "value": rows[audience][table],
        "include": True,
        "description": "Rows in this release",
    }
    return {
        "unique_id": unique_id,
        "metadata": {
            "type": "BASE TABLE",
            "schema": audience,
            "name": table,
            "database": _DATABASE,
            "comment": None,
            "owner": None,
        },
        "columns": {},
        "stats": {
            "num_rows": count,
            "has_stats": {"id": "has_stats", "label": "", "value": True, "include": False},
        },
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


def _embedded(document: Mapping[str, Any]) -> str:
    """JSON for a `<script>`: no `<` ends the element early."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _application() -> bytes:
    return (resources.files("dbt") / "task" / "docs" / "index.html").read_bytes()


@cache
def _packed_application() -> str:
    """dbt's page, packed without a time stamp so that equal releases have equal pages."""
    return base64.b64encode(gzip.compress(_application(), 9, mtime=0)).decode("ascii")
