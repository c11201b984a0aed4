"""The whole of ingest: every new file of the inputs folder into the lake, once.

What belongs here: which files are new, the key and account guards, the order of commits, the
summary. What does not: how a file is read (`loading`), Dagster (`assets`).

Files are read side by side but committed one by one in the order of their paths, so results do not
depend on which thread was quicker.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.ingest.accounts import foreign_account_error, known_accounts, pin_accounts
from pipelines.ingest.documents import Context
from pipelines.ingest.erased import read_erased
from pipelines.ingest.export_days import days_of
from pipelines.ingest.files import sha256_of
from pipelines.ingest.key_ring import KeyRing, load_ring
from pipelines.ingest.lake import prepare_folders
from pipelines.ingest.ledger import (
    INGESTED,
    QUARANTINED,
    DocumentRecord,
    FileRecord,
    leaks_path,
    ledger_digest,
    only_ingest,
    parquet_paths,
    read_ledger,
    rejects_path,
    rows_path,
    tidy,
    write_json,
    write_record,
)
from pipelines.ingest.loading import LoadedFile, load_file
from pipelines.ingest.mappings import load_mappings
from pipelines.ingest.pseudonyms import KeyRefusedError
from pipelines.ingest.summary import (
    FileResult,
    IngestSummary,
    QuarantinedFile,
    result_of,
    summarise,
)
from pipelines.ingest.tables import write_tables
from pipelines.settings import Workspace

# More readers than this only wait for each other's memory bandwidth.
_MAX_READERS = 4


# Called after each file with its result, the number of files done and of all files.
Progress = Callable[[FileResult, int, int], None]


def ingest(
    workspace: Workspace, progress: Progress | None = None, days: Set[date] | None = None
) -> IngestSummary:
    """Read every new file of the workspace's inputs into its lake.

    With `days`, read the files of these export days instead, those in the lake again: their rows
    are replaced file by file under the time of their first reading, for of two copies of a payment
    the one ingested last counts. What was taken out of the inputs stays as it was read.

    Files that cannot be accepted are quarantined in the ledger with a reason, stay where they are
    and are tried again in every run. Raises KeyRefusedError (weak, readable or other key),
    MappingError (a mapping file is wrong) and IngestBusyError; their messages are for the user.
    """
    ring = load_ring(workspace)
    with only_ingest(workspace):
        return _Run(workspace, ring, progress or (lambda *_: None), days).run()


def is_settled(workspace: Workspace) -> bool:
    """Whether another run could only repeat what the ledger says already.

    True when every input file is in the ledger, be it ingested or quarantined, and no quarantined
    one was taken away or came back. Code and settings are not compared here. Hashes every file,
    writes nothing.
    """
    records = read_ledger(workspace)
    present = {_try_sha256(path) for path in workspace.input_files()}
    quarantined = {sha256 for sha256, record in records.items() if record.status != INGESTED}
    pruned = {sha256 for sha256, record in records.items() if record.is_pruned}
    return present <= records.keys() and quarantined <= present and not pruned & present


class _Run:
    """One pass over the inputs folder while holding the lake."""

    def __init__(
        self,
        workspace: Workspace,
        ring: KeyRing,
        progress: Progress,
        days: Set[date] | None = None,
    ) -> None:
        self.workspace, self.ring, self.progress, self.days = workspace, ring, progress, days
        self.mappings = load_mappings(workspace.settings)
        self.ingested_at = datetime.now(UTC).replace(tzinfo=None)
        self.results: list[FileResult] = []
        self.unreadable: list[QuarantinedFile] = []

    def run(self) -> IngestSummary:
        prepare_folders(self.workspace)
        digest_before = ledger_digest(self.workspace)
        workers = min(self.workspace.settings.threads, _MAX_READERS)
        with ThreadPoolExecutor(workers, thread_name_prefix="ingest") as pool:
            paths = self.workspace.input_files()
            hashes = list(pool.map(_try_sha256, paths))
            self.records = read_ledger(self.workspace)
            before = dict(self.records)
            tidy(self.workspace, self.records, {sha for sha in hashes if sha})
            self._guard_key()
            self.accounts = known_accounts(self.workspace, is_lake_empty=not self.records)
            files = list(zip(paths, hashes, strict=True))
            if self.days is not None:
                files = [file for file in files if self._is_wanted(*file, before)]
            total = len(files)
            for result in self._work(files, pool, window=workers + 1):
                self.results.append(result)
                self.progress(result, len(self.results), total)
        write_tables(self.workspace, self.records)
        digest = ledger_digest(self.workspace)
        return summarise(
            tuple(self.results),
            tuple(self.unreadable),
            self.records,
            digest,
            nothing_new=digest == digest_before
            and not any(result.status == INGESTED for result in self.results),
        )

    def _is_wanted(self, path: Path, sha256: str | None, before: dict[str, FileRecord]) -> bool:
        """Whether a file is of the days asked for, or was taken out of the lake by tidying."""
        known = before.get(sha256 or "")
        if known is not None and known.sha256 not in self.records:
            return True
        return not days_of(self._name(path), known).isdisjoint(self.days or ())

    def _name(self, path: Path) -> str:
        return path.relative_to(self.workspace.inputs).as_posix()

    def _work(
        self, files: list[tuple[Path, str | None]], pool: ThreadPoolExecutor, window: int
    ) -> Iterator[FileResult]:
        """Results in the order of paths, with a few files being read ahead."""
        context = Context(
            self.workspace,
            self.ring,
            self.ingested_at,
            self.accounts,
            self.mappings,
            read_erased(self.workspace),
        )
        waiting: deque[FileResult | Future[LoadedFile]] = deque()
        first_seen: set[str] = set()
        for path, sha256 in files:
            name = self._name(path)
            known = self.records.get(sha256 or "")
            if sha256 is None:
                waiting.append(self._note_unreadable(name))
            elif sha256 in first_seen:
                waiting.append(FileResult(name, "identical_copy"))
            elif self.days is None and _is_read(known):
                waiting.append(FileResult(name, "known"))
            else:
                dated = replace(context, ingested_at=self._first_read(known))
                waiting.append(pool.submit(load_file, path, sha256, dated))
            first_seen.add(sha256 or "")
            while len(waiting) > window:
                yield self._finish(waiting.popleft())
        while waiting:
            yield self._finish(waiting.popleft())

    def _first_read(self, known: FileRecord | None) -> datetime:
        """When a file was first read; now, unless it is accepted already."""
        if known is None or not _is_read(known):
            return self.ingested_at
        return datetime.fromisoformat(known.ingested_at)

    def _finish(self, item: FileResult | Future[LoadedFile]) -> FileResult:
        return item if isinstance(item, FileResult) else self._commit(item.result())

    def _note_unreadable(self, name: str) -> FileResult:
        message = f"{name}: the file cannot be opened; check its permissions or take it away"
        self.unreadable.append(QuarantinedFile(name, "unreadable", message))
        return FileResult(name, QUARANTINED)

    def _commit(self, loaded: LoadedFile) -> FileResult:
        """Bring a file into the lake: Parquet first, its ledger entry last."""
        self._guard_accounts(loaded)
        before = self.records.get(loaded.sha256)
        record = loaded.record(self._first_read(before))
        for document in loaded.documents:
            if document.rows_draft is not None:
                document.rows_draft.replace(
                    rows_path(self.workspace, loaded.sha256, document.record)
                )
            if document.leaks_draft is not None:
                document.leaks_draft.replace(
                    leaks_path(self.workspace, loaded.sha256, document.record.index)
                )
            if document.rejects_draft is not None:
                document.rejects_draft.replace(
                    rejects_path(self.workspace, loaded.sha256, document.record.index)
                )
        write_record(self.workspace, record)
        if before is not None:
            stale = parquet_paths(self.workspace, before) - parquet_paths(self.workspace, record)
            for path in stale:
                path.unlink(missing_ok=True)
        self.records[loaded.sha256] = record
        return result_of(record)

    def _guard_key(self) -> None:
        """Refuse another key than the lake's: the same person would get a second pseudonym."""
        path = self.workspace.lake / "_key.json"
        if path.exists() and self.records:
            known = json.loads(path.read_text(encoding="utf-8"))["fingerprint"]
            if known != self.ring.current.fingerprint:
                raise KeyRefusedError(
                    f"The lake {self.workspace.lake} was written under the key {known}, the key "
                    f"given now is {self.ring.current.fingerprint}. Bring the first key back, or "
                    "delete the "
                    "lake folder and run again: every person then gets a new pseudonym."
                )
            return
        note = {
            "fingerprint": self.ring.current.fingerprint,
            "former": [key.fingerprint for key in self.ring.former],
        }
        write_json(path, note, self.workspace)

    def _guard_accounts(self, loaded: LoadedFile) -> None:
        """Refuse documents of another account than the one pinned meanwhile; pin the first."""
        for document in loaded.documents:
            record = document.record
            if record.status != INGESTED or not record.account or not record.source:
                continue
            accounts = set(record.account.split(","))
            own = self.accounts.get(record.source)
            if own is None:
                self._pin(record)
            elif not accounts <= set(own):
                error = foreign_account_error(document.layout, accounts, own)
                document.quarantine(error.reason, error.message)

    def _pin(self, record: DocumentRecord) -> None:
        own = tuple((record.account or "").split(","))
        self.accounts[record.source or ""] = own
        pin_accounts(self.workspace, self.accounts)


def _is_read(known: FileRecord | None) -> bool:
    """Whether all of a file is in the lake."""
    return known is not None and known.status == INGESTED and not known.is_pruned


def _try_sha256(path: Path) -> str | None:
    """Content hash, or None for a file that cannot be opened."""
    try:
        return sha256_of(path)
    except OSError:
        return None
