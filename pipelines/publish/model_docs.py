"""dbt's documentation of what is published, as one page of the release.

What belongs here: what a catalogue says of the finished files, and putting it, with the manifest
cut down to what readers may see (`shown_manifest`), into dbt's own page. What does not: the private
documentation with compiled SQL and every relation of the warehouse (`wallet docs`), or judging the
page (the audit does).
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from pipelines.privacy.policy import AUDIENCES
from pipelines.publish.shown_manifest import DATABASE, reduced_manifest

PAGE = "docs.html"
_TEMPLATE = Path(__file__).with_name("model_docs.html.j2")


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
    with ExitStack() as stack:
        opened = {
            audience: stack.enter_context(closing(duckdb.connect(str(path), read_only=True)))
            for audience, path in databases.items()
        }
        metrics = _metric_definitions(opened["analyst"])
        documents = {
            "manifest": reduced_manifest(manifest, metrics),
            "catalog": _catalog(manifest, opened, rows),
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


def _metric_definitions(con: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """Rows of `metric_definitions`; none where a file has no such table or not these columns."""
    wanted = {"metric_id", "label_en", "label_zh", "description_en", "description_zh"}
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
    opened: Mapping[str, duckdb.DuckDBPyConnection],
    rows: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """What dbt's `docs generate` would ask a database: here the finished files are asked."""
    ids = {
        (node["schema"], node.get("alias") or node["name"]): unique_id
        for unique_id, node in manifest.get("nodes", {}).items()
        if node.get("resource_type") == "model" and node.get("schema") in AUDIENCES
    }
    nodes = {}
    for audience, con in opened.items():
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
            "database": DATABASE,
            "comment": None,
            "owner": None,
        },
        "columns": {},
        "stats": {
            "num_rows": count,
            "has_stats": {"id": "has_stats", "label": "", "value": True, "include": False},
        },
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
