"""The checks over one opened database file, in order.

What belongs here: which check looks at what, under which title and threshold. What does not: how a
check looks (their own modules), or the verdict (`audit`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipelines.privacy import artefact, declared, metadata, pseudonyms
from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.checks import Checks, Outcome
from pipelines.privacy.detectors import scan_texts
from pipelines.privacy.disclosure import too_few_people
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


class DatabaseChecks:
    """One opened file and the checks over it.

    Args:
        con: locked-down connection to the file.
        path: the file.
        catalogue: declarations of this audience only.
        audience: who will read the file.
        policy: what is allowed.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        path: Path,
        catalogue: Catalogue,
        audience: str,
        policy: Policy,
    ) -> None:
        self.con, self.path, self.catalogue = con, path, catalogue
        self.audience, self.policy = audience, policy
        self.name = str(con.execute("select current_database()").fetchall()[0][0])
        self.present = declared.present_columns(con, self.name)
        self.objects = metadata.described_objects(con, self.name)
        self.types = {table: types for (_, table), types in self.present.items()}
        self.values = ValueScan()
        self.counts: dict[str, int] = {}

    def run(self, checks: Checks) -> None:
        """Run every check that needs the opened file."""
        minimum = f"at least {self.policy.minimum_users} people"
        checks.run("FILE-1", "a fresh file with nothing beside the tables", "none", self._file)
        checks.run("CAT-1", "the file is what the models declare", "none", self._declared)
        checks.run("CAT-2", "every column may be seen by this audience", "all", self._allowed)
        checks.run("CAT-3", "no keys in columns declared otherwise", "none", self._undeclared_keys)
        self._scan(checks)
        checks.run("PII-11", "no personal data in names and definitions", "none", self._metadata)
        checks.run("PCI-1", "no column named like card security data", "none", self._names)
        checks.run("PSE-1", "pseudonyms are keyed hashes", "all", self._pseudonyms)
        if self.audience == "marketing":
            checks.run("SDC-1", "enough people behind every figure", minimum, self._people)
        checks.run("FILE-2", "tables that must have rows have some", "all", self._rows)

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

    def _declared(self) -> Outcome:
        columns = sum(len(table.columns) for table in self.catalogue.tables)
        measured = {"tables": len(self.catalogue.tables), "columns": columns}
        return declared.undeclared(self.present, self.catalogue), measured

    def _allowed(self) -> Outcome:
        return declared.not_allowed(self.catalogue, self.audience, self.policy), {}

    def _undeclared_keys(self) -> Outcome:
        findings = []
        for table in self._present_tables():
            findings += pseudonyms.undeclared_keys(
                self.con, quoted(table.name), table, self.types[table.name]
            )
        return findings, {}

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

    def _metadata(self) -> Outcome:
        texts = metadata.texts_of(self.objects)
        texts.append(("file name", self.path.name))
        findings = [
            Finding(place, hit.pattern.label, 1, 1, hit.sample)
            for place, hit in scan_texts(self.con, texts)
        ]
        return findings, {"texts": len(texts)}

    def _names(self) -> Outcome:
        names = [(table, name) for (_, table), types in self.present.items() for name in types]
        return metadata.forbidden_names(names), {"columns": len(names)}

    def _pseudonyms(self) -> Outcome:
        findings, counted = [], 0
        for table in self._present_tables():
            for column in table.columns:
                if column.privacy_class == "pseudonym" and column.name in self.types[table.name]:
                    counted += 1
                    findings += pseudonyms.check_pseudonym(
                        self.con, quoted(table.name), table, column
                    )
        return findings, {"columns": counted}

    def _people(self) -> Outcome:
        findings = []
        tables = self._present_tables()
        for table in tables:
            findings += too_few_people(self.con, quoted(table.name), table, self.policy)
        return findings, {"tables": len(tables), "minimum_users": self.policy.minimum_users}

    def _rows(self) -> Outcome:
        relations = {table: f"{quoted(schema)}.{quoted(table)}" for schema, table in self.present}
        self.counts = artefact.row_counts(self.con, relations)
        findings = artefact.empty_tables(self.counts, self.audience, self.policy)
        return findings, {"rows": sum(self.counts.values())}

    def _present_tables(self) -> list[Table]:
        return [t for t in self.catalogue.tables if ("main", t.name) in self.present]
