"""The checks that nothing in a file names a person: values, names, identifiers, pseudonyms, keys.

What belongs here: the checks PII, PCI and PSE over an opened file, in order. What does not: how a
value, a name or a key is known (their own modules), checks of other kinds (`database`).
"""

from __future__ import annotations

from pipelines.privacy import artefact, cards, leaks, metadata, names, pseudonyms
from pipelines.privacy.checks import Checks, Outcome
from pipelines.privacy.detectors import scan_texts
from pipelines.privacy.opened import OpenedFile
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


class IdentifierChecks:
    """PII, PCI and PSE; `values` holds what the scan of all values found."""

    def __init__(self, file: OpenedFile) -> None:
        self.file, self.values = file, ValueScan()

    def run(self, checks: Checks) -> None:
        """Run them in order."""
        self._scan(checks)
        checks.run("PII-9", "no names of people, no free text", "none", self._names_of_people)
        checks.run("PII-10", "no raw identifier in any unkeyed form", "none", self._known_ids)
        checks.run("PII-11", "no personal data in names and definitions", "none", self._metadata)
        checks.run("PCI-1", "no column named like card security data", "none", self._names)
        checks.run("PCI-2", "no parts that make a card number again", "none", self._card_parts)
        checks.run("PSE-1", "pseudonyms are keyed hashes", "all", self._pseudonyms)
        checks.run("PSE-2", "no key of this house in the file", "none", self._keys)

    def _scan(self, checks: Checks) -> None:
        """Scan once; every PII check reports its share, and all fail when the scan did."""
        trouble: list[Exception] = []
        try:
            self.values = scan_values(
                self.file.con, self.file.present, self.file.catalogue, self.file.policy
            )
        except Exception as problem:  # noqa: BLE001 - told by each check below
            trouble.append(problem)

        def share(check_id: str) -> Outcome:
            if trouble:
                raise trouble[0]
            columns = sum(len(types) for types in self.file.present.values())
            if self.values.columns != columns:
                raise RuntimeError(f"scanned {self.values.columns} of {columns} columns")
            return self.values.findings.get(check_id, []), {"columns": columns}

        for check_id, title in PII_TITLES.items():
            checks.run(check_id, title, "none", lambda check_id=check_id: share(check_id))

    def _names_of_people(self) -> Outcome:
        con, findings = self.file.con, []
        for table, column, data_type in self.file.columns():
            findings += names.names_in(con, quoted(table.name), table, column, data_type)
        for table in self.file.tables():
            relation, types = quoted(table.name), self.file.types[table.name]
            findings += names.free_text(con, relation, table, types, self.file.policy)
        # Names with a title, homes, plates: found with everything else by the scan.
        return [*findings, *self.values.findings.get("PII-9", [])], {}

    def _known_ids(self) -> Outcome:
        ids = self.file.house.ids
        if ids is None:
            return [], {"index": 0}
        columns = [
            (quoted(table.name), f"{table.name}.{column.name}", column, data_type)
            for table, column, data_type in self.file.columns()
        ]
        findings, asked = leaks.known_ids(self.file.con, columns, ids)
        return findings, {"index": ids.size(), "asked": asked}

    def _metadata(self) -> Outcome:
        texts = metadata.texts_of(self.file.objects)
        texts.append(("file name", self.file.path.name))
        findings = [
            Finding(place, hit.pattern.label, 1, 1, hit.sample)
            for place, hit in scan_texts(self.file.con, texts)
        ]
        return findings, {"texts": len(texts)}

    def _names(self) -> Outcome:
        columns = [
            (table, name) for (_, table), types in self.file.present.items() for name in types
        ]
        return metadata.forbidden_names(columns), {"columns": len(columns)}

    def _card_parts(self) -> Outcome:
        return cards.card_parts(self.file.con, self.file.present, self.file.audience), {}

    def _pseudonyms(self) -> Outcome:
        declared = [
            (table, column)
            for table, column, _ in self.file.columns()
            if column.privacy_class == "pseudonym"
        ]
        findings = [
            finding
            for table, column in declared
            for finding in pseudonyms.check_pseudonym(
                self.file.con, quoted(table.name), table, column
            )
        ]
        key = self.file.house.ids.fingerprint if self.file.house.ids else ""
        return findings, {"columns": len(declared), "key_fingerprint": key}

    def _keys(self) -> Outcome:
        secrets = self.file.house.secrets
        findings = leaks.keys_in_values(self.file.con, self.file.present, secrets)
        if secrets and artefact.holds(self.file.path, leaks.forms_of(secrets)):
            findings.append(Finding("file", "a key of this house in the file's bytes"))
        return findings, {"keys": len(secrets)}
