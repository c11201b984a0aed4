"""Marketing figures move only when enough people moved them.

What belongs here: replacing what a model says by what the last release said, where the difference
would tell the data of few people. What does not: proving that it worked (the audit's SDC-5 compares
the finished file with every earlier release anew).
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb

from pipelines.privacy.artefact import open_together
from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.differencing import (
    changed_cells,
    changed_people,
    common_columns,
    has_moments,
    keys_of,
)
from pipelines.privacy.house import Earlier
from pipelines.privacy.policy import Policy
from pipelines.privacy.text import literal, quoted


class Steady:
    """What marketing tables are copied from, given what readers already have.

    Args:
        catalogue: all declarations.
        analysts: the analysts' file of the release in the making.
        earlier: earlier releases, newest first.
        policy: the fewest people.
    """

    def __init__(
        self, catalogue: Catalogue, analysts: Path, earlier: tuple[Earlier, ...], policy: Policy
    ) -> None:
        self.earlier, self.minimum = earlier, policy.minimum_users
        self.people = [_people(catalogue, analysts, release.analysts) for release in earlier]

    @property
    def is_held(self) -> bool:
        """Whether so few people changed since a release that everything stays as it was."""
        return any(0 < people < self.minimum for people in self.people)

    def source(self, con: duckdb.DuckDBPyConnection, table: Table, relation: str) -> str:
        """The relation a table is copied from instead of `relation`.

        All of the last release's when fewer than the minimum changed anything; otherwise the
        model's, with cells of periods that changed by fewer people left as they were.
        """
        if not self.earlier or all(people == 0 for people in self.people):
            return relation
        then = [self._attached(con, number, table) for number in range(len(self.earlier))]
        names = {column.name for column in table.columns}
        if set(common_columns(con, relation, then[0], table)) != names:
            return relation  # a new table, or one with other columns: nothing to subtract
        if self.is_held:
            return then[0]
        if not has_moments(table) or "users" not in names:
            return relation
        return self._held_cells(con, table, relation, then)

    def _attached(self, con: duckdb.DuckDBPyConnection, number: int, table: Table) -> str:
        name = f"then_{number}"
        path = literal(str(self.earlier[number].marketing))
        con.execute(f"attach if not exists {path} as {name} (read_only)")
        return f"{name}.main.{quoted(table.name)}"

    def _held_cells(
        self, con: duckdb.DuckDBPyConnection, table: Table, relation: str, then: list[str]
    ) -> str:
        columns = [column.name for column in table.columns]
        names = ", ".join(quoted(name) for name in columns)
        held = quoted(f"held_{table.name}")
        con.execute(f"create or replace temp table {held} as select {names} from {relation}")
        changed = " union ".join(
            f"({changed_cells(held, before, table, self.minimum, columns)})"
            for before in then
            if set(common_columns(con, held, before, table)) == set(columns)
        )
        keys = keys_of(table)
        con.execute(f"create or replace temp table changed as {changed}")
        same = " and ".join(f"x.{quoted(k)} is not distinct from c.{quoted(k)}" for k in keys)
        there = f"exists (select 1 from changed c where {same})"
        con.execute(
            f"create or replace temp table {held} as"
            f" select {names} from {held} x where not {there}"
            f" union all select {names} from {then[0]} x where {there}"
        )
        return held


def _people(catalogue: Catalogue, now: Path, then: Path) -> int:
    with closing(open_together(analysts=now, analysts_then=then)) as con:
        return changed_people(con, ("analysts", "analysts_then"), catalogue)
