"""One release in the making: building, auditing and drawing inside one private folder.

What belongs here: the steps, and which files there are. What does not: what the audits say together
(`audits`), the words of a refusal (`refusal`), the folder's place among the releases, or making it
current (`release`).
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib import metadata as packages
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from pipelines.ingest.private import make_private_file, make_private_folder
from pipelines.privacy.audit import audit_database
from pipelines.privacy.catalogue import Catalogue
from pipelines.privacy.house import House
from pipelines.privacy.page import audit_page
from pipelines.privacy.policy import AUDIENCES, Policy, policy_for
from pipelines.publish import model_docs, pointer, signature
from pipelines.publish.advice import advice
from pipelines.publish.audits import Audits
from pipelines.publish.candidate import build_candidate
from pipelines.publish.dictionary import write_dictionary
from pipelines.publish.digest import logical_digest
from pipelines.publish.model_docs import write_model_docs
from pipelines.publish.pointer import Release, ReleaseError, ReleaseFile
from pipelines.publish.refusal import refusal
from pipelines.publish.signature import SigningKey
from pipelines.publish.steady import Steady
from pipelines.settings import Workspace
from pipelines.warehouse.connect import duckdb_settings
from pipelines.warehouse.encryption import load_warehouse_key

DATABASE_NAMES = {"analyst": "wallet", "marketing": "marketing"}

Render = Callable[[Path, Path | None, Path, dict[str, Any]], Path]
Progress = Callable[[str], object]


class Draft:
    """One release in its private folder, until every audit has passed."""

    def __init__(
        self,
        workspace: Workspace,
        catalogue: Catalogue,
        release_id: str,
        folder: Path,
        house: House,
        key: SigningKey,
        code_digest: str,
        say: Progress,
    ) -> None:
        self.house, self.key = house, key
        self.workspace, self.catalogue, self.say = workspace, catalogue, say
        self.release_id, self.folder = release_id, folder
        self.policy: Policy = policy_for(workspace.settings)
        self.created_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.audits = Audits(
            release_id, self.created_at, code_digest, _previous_audit(workspace, say)
        )
        self.databases = {
            audience: folder / f"{DATABASE_NAMES[audience]}-{release_id}.duckdb"
            for audience in AUDIENCES
        }
        self.redrawn: Release | None = None

    def build(self, redrawn: Release | None = None) -> None:
        """Write one database per audience and audit each.

        Args:
            redrawn: take this release's databases instead of the warehouse; the audit is the same.
        """
        self.redrawn = redrawn
        if redrawn is None:
            self._build_candidates()
        else:
            self._copy_databases(redrawn)
        for audience, path in self.databases.items():
            self.say(f"Auditing {path.name}")
            self.audits.reports.append(
                audit_database(
                    path,
                    self.catalogue,
                    audience,
                    self.policy,
                    replace(self.house, analysts=self.databases["analyst"]),
                    release_id=self.release_id,
                    previous_report_sha256=self.audits.last_hash(),
                )
            )
        self._refuse_unless_passed()
        self.digests = {name: logical_digest(path) for name, path in self.databases.items()}

    def _build_candidates(self) -> None:
        settings = duckdb_settings(self.workspace)
        for audience, path in self.databases.items():
            self.say(f"Building {path.name}")
            steady = None
            if audience == "marketing":
                analysts = self.databases["analyst"]
                steady = Steady(self.catalogue, analysts, self.house.earlier, self.policy)
                if steady.is_held:
                    self.say(
                        f"Fewer than {self.policy.minimum_users} people changed since the last "
                        "release: marketing figures stay as they were"
                    )
            build_candidate(
                self.workspace.warehouse,
                self.catalogue.for_audience(audience),
                path,
                settings,
                today=self.house.today,
                minimum_people=self.policy.minimum_people if audience == "analyst" else 0,
                erased=self.house.erased,
                policy=self.policy if audience == "marketing" else None,
                source=steady.source if steady else None,
                key=load_warehouse_key(self.workspace.settings),
            )

    def _copy_databases(self, release: Release) -> None:
        for audience, path in self.databases.items():
            self.say(f"Taking {release.database(audience).name} as it is")
            make_private_file(path)
            shutil.copyfile(release.database(audience), path)
            path.chmod(0o400)

    def draw(self, render: Render, manifest: Path) -> None:
        """Write reports, dictionary and documentation, and audit every page there is.

        Args:
            render: draws the reports from the audited files.
            manifest: dbt manifest; what of it readers may see becomes the models' documentation.
        """
        self.say("Drawing the report")
        settings = self.workspace.settings
        meta = {
            "release_id": self.release_id,
            "generated_at": self.created_at,
            "package_version": _package_version(),
            "inputs": self.workspace.name,
            "timezone": settings.business_timezone,
            "minimum_cell_users": settings.minimum_cell_users,
            **self.audits.for_readers(),
        }
        report, dictionary = self.folder / "report.html", self.folder / "dictionary.html"
        render(self.databases["marketing"], self.databases["analyst"], report, meta)
        rows = {
            audience: {table: int(digest.split(":")[0]) for table, digest in tables.items()}
            for audience, tables in self.digests.items()
        }
        write_dictionary(self.catalogue, rows, self.release_id, self.house.purposes, dictionary)
        document = json.loads(manifest.read_bytes())
        write_model_docs(document, self.databases, rows, self.folder / model_docs.PAGE)
        self.say("Auditing the pages")
        # Whatever pages were drawn: one that is not audited here would be a stranger in `check`.
        for page in sorted(self.folder.glob("*.html")):
            self.audits.reports.append(
                audit_page(
                    page,
                    self.policy,
                    known_payloads=_known_libraries(),
                    secrets=self.house.secrets,
                    ids=self.house.ids,
                    release_id=self.release_id,
                    previous_report_sha256=self.audits.last_hash(),
                )
            )
        self._refuse_unless_passed()

    def finish(self, inputs_digest: str) -> Release:
        """Write the audit, flush everything to disk, and compare all files with their audits."""
        audit = self.audits.write(self.folder / "audit.json", inputs_digest)
        content = (self.folder / "audit.json").read_bytes()
        (self.folder / signature.NAME).write_bytes(self.key.sign(content))
        audiences = {path.name: audience for audience, path in self.databases.items()}
        release = Release(
            release_id=self.release_id,
            folder=self.folder,
            files=tuple(
                ReleaseFile(audience=audiences.get(report.file["name"], ""), **report.file)
                for report in self.audits.reports
            ),
            audit_sha256=audit,
            checks=len(self.audits.checks),
            inputs_digest=inputs_digest,
            created_at=self.created_at,
            logical_digests=self.digests,
        )
        for path in self.folder.iterdir():
            path.chmod(0o444)
            _sync_file(path)
        pointer.sync_folder(self.folder)
        self.check(release)
        return release

    def check(self, release: Release) -> None:
        """Refuse when any file of the release is not the one that was audited."""
        expected = {release.audit.name, release.signature.name}
        expected |= {file.name for file in release.files}
        missing = {release.report.name, release.dictionary.name, release.docs.name} - expected
        if missing:
            self._refuse([f"[FILE-3] not audited: {', '.join(sorted(missing))}"])
        strangers = {path.name for path in release.folder.iterdir()} - expected
        try:
            if strangers:
                raise ReleaseError(
                    f"unexpected files in the release: {', '.join(sorted(strangers))}"
                )
            pointer.verify(release, self.key.public)
        except ReleaseError as error:
            self._refuse([str(error)])

    def _refuse_unless_passed(self) -> None:
        problems = self.audits.problems(self.folder)
        if problems or not self.audits.are_passed:
            self._refuse(problems)

    def _refuse(self, problems: list[str]) -> NoReturn:
        folder = self.workspace.root / "audit"
        make_private_folder(folder)
        kept = folder / f"refused-{self.release_id}.json"
        self.audits.write(kept, "", problems)
        raise refusal(self.workspace, problems, self._advice(), kept)

    def _advice(self) -> str:
        if self.redrawn is not None:
            return (
                f"This is release {self.redrawn.release_id}, drawn again: what passed then may not "
                "pass under today's rules and tables. Make a new one: wallet run"
            )
        failed = [check.id for check in self.audits.checks if check.status == "fail"]
        return advice(failed, self.policy)


def _previous_audit(workspace: Workspace, say: Progress) -> str | None:
    """Hash of the current release's audit; a pointer that cannot be read is what we replace."""
    try:
        current = pointer.read_pointer(workspace.releases)
    except ReleaseError as error:
        say(str(error))
        return None
    return current.audit_sha256 if current else None


def _sync_file(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _known_libraries() -> frozenset[str]:
    """SHA-256 of the libraries that pages carry packed, once unpacked: plotly's and dbt's own."""
    vendor = resources.files("pipelines") / "reports" / "vendor"
    packed = [entry for entry in vendor.iterdir() if entry.name.endswith(".gz")]
    plotting = {sha256(gzip.decompress(entry.read_bytes())).hexdigest() for entry in packed}
    return frozenset(plotting | {model_docs.application_sha256()})


def _package_version() -> str:
    try:
        return packages.version("wallet-analytics")
    except packages.PackageNotFoundError:
        return "not installed"
