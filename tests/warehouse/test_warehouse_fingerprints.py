"""What is left as it is would be built the same, after any changes, partial builds and kills.

A project of six nodes in a real DuckDB file stands in for dbt's; its sources, definitions and
relations change at random, builds are of some nodes or all and die half-way. After each whole build
every relation must have the rows of a build from nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from pathlib import Path

import duckdb
import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, rule

from pipelines.warehouse import built
from pipelines.warehouse.built import Built
from pipelines.warehouse.fingerprints import Fingerprints

# Node -> what it is and what it reads: `bill` and `log` of the lake, `model` of a Python job.
PROJECT = {
    "staged": ("table", ["bill"]),
    "seen": ("view", ["staged", "log"]),
    "joined": ("table", ["seen"]),
    "shown": ("view", ["joined", "model"]),
    "summed": ("table", ["shown", "seen"]),
    "checked": ("test", ["summed", "staged"]),
}
SOURCES = {"bill": "lake", "log": "lake", "model": "analysis"}
CONTENTS = st.sampled_from(["one", "two", "three"])


class Warehouse(RuleBasedStateMachine):
    """Does what `incremental.build_changed` does, without dbt."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.con = duckdb.connect()
        self.con.execute("create schema lake; create schema analysis; create schema t")
        self.sources: dict[str, str] = {}
        self.definitions = dict.fromkeys(PROJECT, "first")
        for source in SOURCES:
            self.change_a_source(source, "one")

    def teardown(self) -> None:
        self.con.close()
        self.folder.cleanup()

    @rule(source=st.sampled_from(sorted(SOURCES)), content=CONTENTS)
    def change_a_source(self, source: str, content: str) -> None:
        self.sources[source] = content
        self.con.execute(
            f"create or replace table {SOURCES[source]}.{source} as select '{content}' as v"
        )
        file = Path(self.folder.name) / source / "0.parquet"
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(content)

    @rule(node=st.sampled_from(sorted(PROJECT)), content=CONTENTS)
    def change_a_definition(self, node: str, content: str) -> None:
        self.definitions[node] = content

    @rule(node=st.sampled_from(["staged", "joined", "summed"]))
    def drop_a_table(self, node: str) -> None:
        self.con.execute(f"drop table if exists t.{node}")

    @rule(
        nodes=st.sets(st.sampled_from(sorted(PROJECT)), min_size=1),
        steps=st.integers(0, len(PROJECT)),
    )
    def build_some_and_perhaps_die(self, nodes: set[str], steps: int) -> None:
        self._build(nodes, steps)

    @rule()
    def build_everything(self) -> None:
        self._build(set(PROJECT), None)
        for node, (kind, _) in PROJECT.items():
            if kind != "test":
                assert self._rows(node) == self._from_nothing(node), node
        # And at once again there is nothing to do.
        assert self._plan(set(PROJECT)).build == frozenset()

    def _build(self, nodes: set[str], steps: int | None) -> None:
        plan = self._plan(nodes)
        built.forget(self.con, plan.build)
        done = []
        for node in [node for node in PROJECT if node in plan.build][:steps]:
            kind, parents = PROJECT[node]
            values = " || ".join(f"'|' || (select v from {self._relation(p)})" for p in parents)
            query = f"select md5('{self.definitions[node]}' || {values}) as v"
            try:
                made = f"create or replace {kind} t.{node} as {query}"
                self.con.execute(query if kind == "test" else made)
            except duckdb.CatalogException:
                break  # a parent that was never built, or dropped
            done.append(node)
        if steps is None or len(done) < steps:
            at = dt.datetime(2026, 1, 5)  # noqa: DTZ001 - stored in UTC, without a zone
            built.remember(
                self.con,
                {
                    node: Built(plan.fingerprints[node], plan.definitions[node], at, "run")
                    for node in done
                    if plan.fingerprints[node] is not None
                },
            )

    def _plan(self, nodes: set[str]):
        manifest = {
            "metadata": {"project_name": "toy"},
            "macros": {},
            "sources": {
                name: {"source_name": schema, "name": name, "schema": schema, "identifier": name}
                for name, schema in SOURCES.items()
            },
            "nodes": {
                name: {
                    "resource_type": "test" if kind == "test" else "model",
                    "original_file_path": f"{name}.sql",
                    "schema": "t",
                    "alias": name,
                    "raw_code": self.definitions[name],
                    "config": {"materialized": kind, "meta": {"owner": "anybody"}},
                    "columns": {},
                    "depends_on": {"nodes": parents},
                }
                for name, (kind, parents) in PROJECT.items()
            },
        }
        relations = {name: f"t.{name}" for name, (kind, _) in PROJECT.items() if kind != "test"}
        lake = Path(self.folder.name)
        standing = built.standing(self.con, relations)
        return Fingerprints(manifest, lake, lake, {}, nodes, standing, self.con).plan()

    def _relation(self, name: str) -> str:
        return f"{SOURCES[name]}.{name}" if name in SOURCES else f"t.{name}"

    def _rows(self, node: str) -> str:
        return self.con.execute(f"select v from t.{node}").fetchall()[0][0]

    def _from_nothing(self, name: str) -> str:
        if name in SOURCES:
            return self.sources[name]
        parents = "".join(f"|{self._from_nothing(parent)}" for parent in PROJECT[name][1])
        return hashlib.md5(f"{self.definitions[name]}{parents}".encode()).hexdigest()


TestAnyHistory = Warehouse.TestCase
TestAnyHistory.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
