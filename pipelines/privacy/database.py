"""The checks over one opened database file, in order.

What belongs here: their order, and the checks of the file, its declarations and its retention. What
does not: those of identifiers, people and figures (`identifier_checks`, `people_checks`,
`figure_checks`), how a check looks (their own modules), or the verdict (`audit`).
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from pipelines.privacy import (
    artefact,
    declared,
    precision,
    pseudonyms,
    register,
    retention,
)
from pipelines.privacy.checks import Checks, Outcome
from pipelines.privacy.figure_checks import FigureChecks
from pipelines.privacy.identifier_checks import IdentifierChecks
from pipelines.privacy.opened import OpenedFile
from pipelines.privacy.people_checks import PeopleChecks
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

# Somebody may answer by name for these; for all others nobody can.
WAIVABLE = frozenset({"CAT-5", "FILE-5"})


class DatabaseChecks:
    """All checks over one opened file."""

    def __init__(self, file: OpenedFile) -> None:
        self.file = file
        self.identifiers = IdentifierChecks(file)
        self.counts: dict[str, int] = {}

    def run(self, checks: Checks) -> None:
        """Run every check that needs the opened file."""
        checks.run("FILE-1", "a fresh file with nothing beside the tables", "none", self._file)
        checks.run("FILE-4", "nobody can change or replace the file", "0444", self._permissions)
        self._run_catalogue(checks)
        self.identifiers.run(checks)
        if self.file.audience == "marketing":
            FigureChecks(self.file).run(checks)
        else:
            PeopleChecks(self.file).run(checks)
        checks.run("SDC-8", "no moments, no columns that name their rows", "hours", self._exact)
        checks.run("RET-1", "nothing older than its retention", "declared days", self._too_old)
        checks.run("RET-2", "nobody who was erased", "none", self._erased)
        checks.run("FILE-2", "tables that must have rows have some", "all", self._rows)
        most = f"{self.file.policy.largest_loss_of_rows:.0%} of rows lost at most"
        checks.run("FILE-5", "no table lost most of its rows", most, self._lost, waivable=True)

    def _run_catalogue(self, checks: Checks) -> None:
        checks.run("CAT-1", "the file is what the models declare", "none", self._declared)
        checks.run("CAT-2", "every column may be seen by this audience", "all", self._allowed)
        checks.run("CAT-3", "no keys in columns declared otherwise", "none", self._undeclared_keys)
        checks.run("CAT-4", "no column declared below its source", "none", self._lineage)
        checks.run(
            "CAT-5", "every purpose is in the register", "all", self._purposes, waivable=True
        )

    def tables(self) -> tuple[dict[str, Any], ...]:
        """Name, rows and columns of every table."""
        return tuple(
            {"name": table, "rows": self.counts.get(table), "columns": len(columns)}
            for (_, table), columns in self.file.present.items()
        )

    def _file(self) -> Outcome:
        findings, measured = artefact.structure(
            self.file.con, self.file.name, self.file.objects, self.file.policy
        )
        size = self.file.path.stat().st_size
        if size > self.file.policy.maximum_file_bytes:
            findings.append(Finding("file", "larger than the audit may read", message=str(size)))
        return findings + artefact.beside(self.file.path), {**measured, "bytes": size}

    def _permissions(self) -> Outcome:
        return artefact.permissions(self.file.path), {
            "mode": f"{self.file.path.stat().st_mode & 0o777:04o}"
        }

    def _declared(self) -> Outcome:
        columns = sum(len(table.columns) for table in self.file.catalogue.tables)
        measured = {"tables": len(self.file.catalogue.tables), "columns": columns}
        return declared.undeclared(self.file.present, self.file.catalogue), measured

    def _allowed(self) -> Outcome:
        return declared.not_allowed(self.file.catalogue, self.file.audience, self.file.policy), {}

    def _undeclared_keys(self) -> Outcome:
        return self.file.by_table(
            lambda table, relation: pseudonyms.undeclared_keys(
                self.file.con, relation, table, self.file.types[table.name]
            )
        )

    def _lineage(self) -> Outcome:
        lineage = self.file.house.lineage
        measured = {"relations": len(lineage.columns), "unread": len(lineage.unread)}
        return declared.declared_too_low(
            self.file.everything, self.file.audience, lineage
        ), measured

    def _purposes(self) -> Outcome:
        purposes = self.file.house.purposes
        findings = register.unregistered(self.file.catalogue, purposes, self.file.house.today)
        return findings, {"register": len(purposes)}

    def _exact(self) -> Outcome:
        return self.file.by_table(
            lambda table, relation: precision.too_exact(
                self.file.con, relation, table, self.file.types[table.name], self.file.policy
            )
        )

    def _too_old(self) -> Outcome:
        return self.file.by_table(
            lambda table, relation: retention.too_old(
                self.file.con, relation, table, self.file.house.today
            )
        )

    def _erased(self) -> Outcome:
        findings, _ = self.file.by_table(
            lambda table, relation: retention.still_there(
                self.file.con, relation, table, self.file.house.erased
            )
        )
        return findings, {"erased": len(self.file.house.erased)}

    def _rows(self) -> Outcome:
        relations = {
            table: f"{quoted(schema)}.{quoted(table)}" for schema, table in self.file.present
        }
        self.counts = artefact.row_counts(self.file.con, relations)
        findings = artefact.empty_tables(self.counts, self.file.audience, self.file.policy)
        return findings, {"rows": sum(self.counts.values())}

    def _lost(self) -> Outcome:
        if not self.file.house.earlier:
            return [], {"earlier_releases": 0}
        earlier = self.file.house.earlier[0].file(self.file.audience)
        with closing(artefact.open_locked(earlier)) as con:
            tables = con.execute(
                "select table_name from duckdb_tables() where not internal"
            ).fetchall()
            before = artefact.row_counts(con, {name: quoted(name) for (name,) in tables})
        return artefact.lost_rows(self.counts, before, self.file.policy), {
            "rows": sum(before.values())
        }
