"""The checks over one opened database file, in order.

What belongs here: which check looks at what, under which title and threshold. What does not: how a
check looks (their own modules), or the verdict (`audit`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from pipelines.privacy import (
    artefact,
    cards,
    declared,
    differencing,
    disclosure,
    dominance,
    extremes,
    leaks,
    linked,
    logs,
    metadata,
    names,
    precision,
    pseudonyms,
    recovery,
    register,
    retention,
    withheld,
)
from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.checks import Checks, Outcome, TimeLimit
from pipelines.privacy.detectors import scan_texts
from pipelines.privacy.house import House
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted
from pipelines.privacy.values import ValueScan, scan_values

PII_TITLES = {
    "PII-1": "no card numbers",
    "PII-2": "no citizen identity numbers",
    "PII-3": "no phone numbers",
    "PII-4": "no e-mail addresses",
    "PII-5": "no bank account numbers",
    "PII-6": "no network addresses",
    "PII-7": "no wallet user ids",
    "PII-8": "no keys, tokens or secrets",
}
# Somebody may answer by name for these; for all others nobody can.
WAIVABLE = frozenset({"CAT-5", "FILE-5"})


class DatabaseChecks:
    """One opened file and the checks over it.

    Args:
        con: locked-down connection to the file.
        path: the file.
        catalogue: all declarations.
        audience: who will read the file.
        policy: what is allowed.
        house: everything around the release.
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
        self.values = ValueScan()
        self.counts: dict[str, int] = {}
        self._rare: tuple[list[Finding], list[Finding], dict[str, object]] | None = None

    def run(self, checks: Checks) -> None:
        """Run every check that needs the opened file."""
        checks.run("FILE-1", "a fresh file with nothing beside the tables", "none", self._file)
        checks.run("FILE-4", "nobody can change or replace the file", "0444", self._permissions)
        self._run_catalogue(checks)
        self._scan(checks)
        self._run_identifiers(checks)
        if self.audience == "marketing":
            self._run_aggregates(checks)
        else:
            self._run_people(checks)
        checks.run("SDC-8", "no moments, no columns that name their rows", "hours", self._exact)
        checks.run("RET-1", "nothing older than its retention", "declared days", self._too_old)
        checks.run("RET-2", "nobody who was erased", "none", self._erased)
        checks.run("FILE-2", "tables that must have rows have some", "all", self._rows)
        most = f"{self.policy.largest_loss_of_rows:.0%} of rows lost at most"
        checks.run("FILE-5", "no table lost most of its rows", most, self._lost, waivable=True)

    def _run_catalogue(self, checks: Checks) -> None:
        checks.run("CAT-1", "the file is what the models declare", "none", self._declared)
        checks.run("CAT-2", "every column may be seen by this audience", "all", self._allowed)
        checks.run("CAT-3", "no keys in columns declared otherwise", "none", self._undeclared_keys)
        checks.run("CAT-4", "no column declared below its source", "none", self._lineage)
        checks.run(
            "CAT-5", "every purpose is in the register", "all", self._purposes, waivable=True
        )

    def _run_identifiers(self, checks: Checks) -> None:
        checks.run("PII-9", "no names of people, no free text", "none", self._names_of_people)
        checks.run("PII-10", "no raw identifier in any unkeyed form", "none", self._known_ids)
        checks.run("PII-11", "no personal data in names and definitions", "none", self._metadata)
        checks.run("PCI-1", "no column named like card security data", "none", self._names)
        checks.run("PCI-2", "no parts that make a card number again", "none", self._card_parts)
        checks.run("PSE-1", "pseudonyms are keyed hashes", "all", self._pseudonyms)
        checks.run("PSE-2", "no key of this house in the file", "none", self._keys)

    def _run_people(self, checks: Checks) -> None:
        people = f"at least {self.policy.minimum_people} people"
        checks.run("SDC-1", "enough people share what outsiders may know", people, self._people)
        checks.run("SDC-2", "no group shares a sensitive value", "l >= 2", self._alike)
        checks.run("SDC-6", "no rare values", people, self._rare_values)
        checks.run("LOG-1", "no personal data in logs and compiled SQL", "none", self._logs)

    def _run_aggregates(self, checks: Checks) -> None:
        minimum = f"at least {self.policy.minimum_users} people"
        share = f"two people make at most {self.policy.two_largest_share:.0%}"
        checks.run("SDC-1", "enough people behind every figure", minimum, self._cells)
        checks.run("SDC-3", "no sums that one or two people make", share, self._dominated)
        checks.run("SDC-4", "no hidden cell follows from totals", "intervals", self._recovered)
        checks.run("SDC-5", "no cell changed by few people", minimum, self._differences)
        checks.run("SDC-7", "no figure is one person's value", "none", self._extremes)

    def tables(self) -> tuple[dict[str, Any], ...]:
        """Name, rows and columns of every table."""
        return tuple(
            {"name": table, "rows": self.counts.get(table), "columns": len(columns)}
            for (_, table), columns in self.present.items()
        )

    def _file(self) -> Outcome:
        findings, measured = artefact.structure(self.con, self.name, self.objects, self.policy)
        size = self.path.stat().st_size
        if size > self.policy.maximum_file_bytes:
            findings.append(Finding("file", "larger than the audit may read", message=str(size)))
        return findings + artefact.beside(self.path), {**measured, "bytes": size}

    def _permissions(self) -> Outcome:
        return artefact.permissions(self.path), {"mode": f"{self.path.stat().st_mode & 0o777:04o}"}

    def _declared(self) -> Outcome:
        columns = sum(len(table.columns) for table in self.catalogue.tables)
        measured = {"tables": len(self.catalogue.tables), "columns": columns}
        return declared.undeclared(self.present, self.catalogue), measured

    def _allowed(self) -> Outcome:
        return declared.not_allowed(self.catalogue, self.audience, self.policy), {}

    def _undeclared_keys(self) -> Outcome:
        return self._by_table(
            lambda table, relation: pseudonyms.undeclared_keys(
                self.con, relation, table, self.types[table.name]
            )
        )

    def _lineage(self) -> Outcome:
        lineage = self.house.lineage
        measured = {"relations": len(lineage.columns), "unread": len(lineage.unread)}
        return declared.declared_too_low(self.everything, self.audience, lineage), measured

    def _purposes(self) -> Outcome:
        purposes = self.house.purposes
        findings = register.unregistered(self.catalogue, purposes, self.house.today)
        return findings, {"register": len(purposes)}

    def _scan(self, checks: Checks) -> None:
        """Scan once; every PII check reports its share, and all fail when the scan did."""
        trouble: list[Exception] = []
        try:
            self.values = scan_values(self.con, self.present, self.catalogue, self.policy)
        except Exception as problem:  # noqa: BLE001 - told by each check below
            trouble.append(problem)

        def share(check_id: str) -> Outcome:
            if trouble:
                raise trouble[0]
            columns = sum(len(types) for types in self.present.values())
            if self.values.columns != columns:
                raise RuntimeError(f"scanned {self.values.columns} of {columns} columns")
            return self.values.findings.get(check_id, []), {"columns": columns}

        for check_id, title in PII_TITLES.items():
            checks.run(check_id, title, "none", lambda check_id=check_id: share(check_id))

    def _names_of_people(self) -> Outcome:
        findings: list[Finding] = []
        for table in self._present_tables():
            relation, types = quoted(table.name), self.types[table.name]
            for column in table.columns:
                if column.name in types:
                    data_type = types[column.name]
                    findings += names.names_in(self.con, relation, table, column, data_type)
            findings += names.free_text(self.con, relation, table, types, self.policy)
        # Names with a title, homes, plates: found with everything else by the scan.
        return [*findings, *self.values.findings.get("PII-9", [])], {}

    def _known_ids(self) -> Outcome:
        ids = self.house.ids
        if ids is None:
            return [], {"index": 0}
        columns = [
            (quoted(table.name), f"{table.name}.{column.name}", column, types[column.name])
            for table in self._present_tables()
            for types in [self.types[table.name]]
            for column in table.columns
            if column.name in types
        ]
        findings, asked = leaks.known_ids(self.con, columns, ids)
        return findings, {"index": ids.size(), "asked": asked}

    def _metadata(self) -> Outcome:
        texts = metadata.texts_of(self.objects)
        texts.append(("file name", self.path.name))
        findings = [
            Finding(place, hit.pattern.label, 1, 1, hit.sample)
            for place, hit in scan_texts(self.con, texts)
        ]
        return findings, {"texts": len(texts)}

    def _names(self) -> Outcome:
        columns = [(table, name) for (_, table), types in self.present.items() for name in types]
        return metadata.forbidden_names(columns), {"columns": len(columns)}

    def _card_parts(self) -> Outcome:
        return cards.card_parts(self.con, self.present, self.audience), {}

    def _pseudonyms(self) -> Outcome:
        findings, counted = [], 0
        for table in self._present_tables():
            for column in table.columns:
                if column.privacy_class == "pseudonym" and column.name in self.types[table.name]:
                    counted += 1
                    findings += pseudonyms.check_pseudonym(
                        self.con, quoted(table.name), table, column
                    )
        key = self.house.ids.fingerprint if self.house.ids else ""
        return findings, {"columns": counted, "key_fingerprint": key}

    def _keys(self) -> Outcome:
        secrets = self.house.secrets
        findings = leaks.keys_in_values(self.con, self.present, secrets)
        if secrets and artefact.holds(self.path, leaks.forms_of(secrets)):
            findings.append(Finding("file", "a key of this house in the file's bytes"))
        return findings, {"keys": len(secrets)}

    def _people(self) -> Outcome:
        together, _, measured = self._rare_people()
        return together, measured

    def _rare_values(self) -> Outcome:
        return self._rare_people()[1], {}

    def _rare_people(self) -> tuple[list[Finding], list[Finding], dict[str, object]]:
        if self._rare is None:
            self._rare = disclosure.rare_people(self.con, self._there(), self.policy)
        return self._rare

    def _alike(self) -> Outcome:
        return disclosure.alike(self.con, self._there(), self.policy)

    def _logs(self) -> Outcome:
        return logs.leaks_in_logs(self.house.logs, self.house.secrets)

    def _cells(self) -> Outcome:
        return self._by_table(
            lambda table, relation: disclosure.too_few_people(
                self.con, relation, table, self.policy
            )
        )

    def _dominated(self) -> Outcome:
        findings, cells, unproven = [], 0, []
        if not self.house.analysts:
            return findings, {"cells": cells, "amounts_without_proof": unproven}
        with self._together() as con:
            largest = dominance.largest_people(con, "analysts")
            for table in self._present_tables():
                relation = f"candidate.main.{quoted(table.name)}"
                found, looked_at = dominance.dominated(
                    con, "analysts", table, relation, self.policy
                )
                findings, cells = findings + found, cells + looked_at
                findings += dominance.undeclared(table)
                unproven += dominance.unproven(con, table, relation, largest, self.policy)
        return findings, {"cells": cells, "amounts_without_proof": unproven}

    def _recovered(self) -> Outcome:
        findings, measured = [], {}
        with self._together() as con:
            whole = {
                name
                for (name,) in con.execute(
                    "select table_name from duckdb_columns()"
                    " where database_name = 'analysts' and column_name = 'users'"
                ).fetchall()
            }
            for table in self._present_tables():
                relation = f"candidate.main.{quoted(table.name)}"
                twin = f"analysts.main.{quoted(table.name)}" if table.name in whole else None
                found, figures = recovery.recoverable(con, relation, table, self.policy, twin)
                findings += found
                measured |= {f"{table.name}.{key}": value for key, value in figures.items()}
                if twin:
                    found, figures = withheld.amounts_that_follow(
                        con, relation, table, self.policy, twin
                    )
                    findings += found
                    measured |= {f"{table.name}.{key}": value for key, value in figures.items()}
            findings += withheld.shown_elsewhere(con, self._present_tables())
            if self.house.analysts:
                found, figures = linked.linked_cells(con, self._present_tables(), self.policy)
                findings, measured = findings + found, measured | figures
        return findings, measured

    def _differences(self) -> Outcome:
        findings: list[Finding] = []
        changed: dict[str, int] = {}
        for earlier in self.house.earlier:
            paths = {"candidate": self.path, "earlier": earlier.marketing}
            paths["last"] = self.house.earlier[0].marketing
            if self.house.analysts:
                paths |= {"analysts": self.house.analysts, "analysts_then": earlier.analysts}
            with _Limited(artefact.open_together(**paths), self.policy.maximum_seconds) as con:
                people = differencing.changed_people(con, paths, self.everything)
                changed[earlier.release_id] = people
                for table in self._present_tables():
                    now, before, last = (
                        f"{name}.main.{quoted(table.name)}"
                        for name in ("candidate", "earlier", "last")
                    )
                    # Readers have the rows of the last release: repeated, they tell nothing.
                    told = differencing.not_in(con, now, last, table)
                    findings += differencing.small_changes(
                        con, told, before, table, self.policy, people
                    )
        return findings, {"changed_people": changed}

    def _extremes(self) -> Outcome:
        analysts = "analysts" if self.house.analysts else None
        findings = []
        with self._together() as con:
            for table in self._present_tables():
                relation = f"candidate.main.{quoted(table.name)}"
                findings += extremes.extremes(con, relation, table, self.policy, analysts)
        return findings, {}

    def _exact(self) -> Outcome:
        return self._by_table(
            lambda table, relation: precision.too_exact(
                self.con, relation, table, self.types[table.name], self.policy
            )
        )

    def _too_old(self) -> Outcome:
        return self._by_table(
            lambda table, relation: retention.too_old(self.con, relation, table, self.house.today)
        )

    def _erased(self) -> Outcome:
        findings, _ = self._by_table(
            lambda table, relation: retention.still_there(
                self.con, relation, table, self.house.erased
            )
        )
        return findings, {"erased": len(self.house.erased)}

    def _rows(self) -> Outcome:
        relations = {table: f"{quoted(schema)}.{quoted(table)}" for schema, table in self.present}
        self.counts = artefact.row_counts(self.con, relations)
        findings = artefact.empty_tables(self.counts, self.audience, self.policy)
        return findings, {"rows": sum(self.counts.values())}

    def _lost(self) -> Outcome:
        if not self.house.earlier:
            return [], {"earlier_releases": 0}
        earlier = self.house.earlier[0].file(self.audience)
        with closing(artefact.open_locked(earlier)) as con:
            tables = con.execute(
                "select table_name from duckdb_tables() where not internal"
            ).fetchall()
            before = artefact.row_counts(con, {name: quoted(name) for (name,) in tables})
        return artefact.lost_rows(self.counts, before, self.policy), {"rows": sum(before.values())}

    def _together(self) -> Any:
        """Connection with this file and, for marketing, the analysts' file of the same release."""
        paths = {"candidate": self.path}
        if self.house.analysts:
            paths["analysts"] = self.house.analysts
        return _Limited(artefact.open_together(**paths), self.policy.maximum_seconds)

    def _by_table(self, check: Callable[[Table, str], list[Finding]]) -> Outcome:
        tables = self._present_tables()
        findings = [finding for table in tables for finding in check(table, quoted(table.name))]
        return findings, {"tables": len(tables)}

    def _present_tables(self) -> list[Table]:
        return [t for t in self.catalogue.tables if ("main", t.name) in self.present]

    def _there(self) -> Catalogue:
        return Catalogue(tuple(self._present_tables()))


class _Limited:
    """A connection of its own that ends with its check, within the audit's time."""

    def __init__(self, con: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self._con, self._limit = con, TimeLimit(con, seconds)

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self._limit.__enter__()
        return self._con

    def __exit__(self, *problem: object) -> None:
        self._limit.__exit__(*problem)
        self._con.close()
