"""One opened database file, with what its checks look at besides its rows.

What belongs here: the file, its declarations and surroundings, and opening it together with others.
What does not: checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import duckdb

from pipelines.privacy import artefact, declared, metadata
from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.checks import Outcome, TimeLimit
from pipelines.privacy.house import House
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted


class OpenedFile:
    """A file that is being audited.

    Attributes:
        con: locked-down connection to it.
        path: the file.
        everything: all declarations; `catalogue` those of its audience.
        audience: who will read it.
        policy: what is allowed.
        house: everything around the release.
        name: of the database within the connection.
        present: (schema, table) -> column -> DuckDB type, as found in the file.
        types: the same by table.
        objects: what its maker may have typed: names, comments, definitions.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        path: Path,
        catalogue: Catalogue,
        audience: str,
        policy: Policy,
        house: House,
    ) -> None:
        self.con, self.path, self.house = con, path, house
        self.everything, self.catalogue = catalogue, catalogue.for_audience(audience)
        self.audience, self.policy = audience, policy
        self.name = str(con.execute("select current_database()").fetchall()[0][0])
        self.present = declared.present_columns(con, self.name)
        self.objects = metadata.described_objects(con, self.name)
        self.types = {table: types for (_, table), types in self.present.items()}

    def tables(self) -> list[Table]:
        """Declared tables that are in the file."""
        return [t for t in self.catalogue.tables if ("main", t.name) in self.present]

    def columns(self) -> list[tuple[Table, Column, str]]:
        """Declared columns that are in the file, with their table and DuckDB type."""
        return [
            (table, column, self.types[table.name][column.name])
            for table in self.tables()
            for column in table.columns
            if column.name in self.types[table.name]
        ]

    def as_catalogue(self) -> Catalogue:
        """The declared tables that are in the file, as a catalogue."""
        return Catalogue(tuple(self.tables()))

    def by_table(self, check: Callable[[Table, str], list[Finding]]) -> Outcome:
        """Findings of a check in all declared tables; it is given each with its quoted name."""
        tables = self.tables()
        findings = [finding for table in tables for finding in check(table, quoted(table.name))]
        return findings, {"tables": len(tables)}

    def together(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """This file as `candidate`; beside it, if there is one, the analysts' as `analysts`."""
        paths = {"candidate": self.path}
        if self.house.analysts:
            paths["analysts"] = self.house.analysts
        return self.open_together(paths)

    @contextmanager
    def open_together(self, paths: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connection of its own with several files under names, within the audit's time."""
        limit = self.policy.maximum_seconds
        with closing(artefact.open_together(**paths)) as con, TimeLimit(con, limit):
            yield con
