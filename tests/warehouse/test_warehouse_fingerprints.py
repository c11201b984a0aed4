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
OTHER = {"one": "two", "two": "one"}
TABLES = ["staged", "joined", "summed"]
NODES = st.sets(st.sampled_from(list(PROJECT)), min_size=1)
# How many nodes are built before the process dies; the most is all of them, and it lives.
STEPS = st.integers(0, len(PROJECT))


class Warehouse(RuleBasedStateMachine):
    """Does what `incremental.build_changed` does, without dbt."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.con = duckdb.connect()
        self.con.execute("create schema lake; create schema analysis; create schema t")
        self.sources: dict[str, str] = {}
        self.definitions = dict.fromkeys(PROJECT, "one")
        for source in SOURCES:
            self._write_source(source, "one")
        self.build_everything()

    def teardown(self) -> None:
        self.con.close()
        self.folder.cleanup()

    @rule(changed=st.sampled_from([*SOURCES, *PROJECT]))
    def change(self, changed: str) -> None:
        """A source or a definition turns into the other of its two contents."""
        if changed in PROJECT:
            self.definitions[changed] = OTHER[self.definitions[changed]]
        else:
            self._write_source(changed, OTHER[self.sources[changed]])

    @rule(node=st.sampled_from(TABLES))
    def drop_a_table(self, node: str) -> None:
        self.con.execute(f"drop table if exists t.{node}")

    @rule(nodes=NODES, steps=STEPS)
    def build_some_and_perhaps_die(self, nodes: set[str], steps: int) -> None:
        self._build(nodes, steps)

    @rule(
        changed=st.sampled_from([*SOURCES, *PROJECT]),
        nodes=NODES,
        steps=STEPS,
        dropped=st.sampled_from([*TABLES, None]),
        is_taken_back=st.booleans(),
    )
    def change_around_a_build(
        self, changed: str, nodes: set[str], steps: int, dropped: str | None, is_taken_back: bool
    ) -> None:
        """What was built meanwhile must pass neither for what stood before nor for what comes."""
        if dropped:
            self.drop_a_table(dropped)
        self.change(changed)
        self._build(nodes, steps)
        if is_taken_back:
            self.change(changed)
        self.build_everything()

    @rule()
    def build_everything(self) -> None:
        self._build(set(PROJECT), None)
        for node, (kind, _) in PROJECT.items():
            if kind != "test":
                assert self._rows(node) == self._from_nothing(node), node
        # And at once again there is nothing to do.
        assert self._plan(set(PROJECT)).build == frozenset()

    def _write_source(self, source: str, content: str) -> None:
        self.sources[source] = content
        self.con.execute(
            f"create or replace table {SOURCES[source]}.{source} as select '{content}' as v"
        )
        file = Path(self.folder.name) / source / "0.parquet"
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(content)

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
TestAnyHistory.settings = settings(max_examples=40, stateful_step_count=10)
