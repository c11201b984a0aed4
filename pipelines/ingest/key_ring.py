"""Epochs of the pseudonym key: the one in use and those before it, and going from one to the next.

What belongs here: where former keys lie, what a person's pseudonym of a former epoch has become,
taking the lake into a new epoch. What does not: one key (`pseudonyms`), reading exports again
(`run`).

After a rotation nobody has an old pseudonym any more. Exports that are still among the inputs are
read again under the new key. Of an export that is gone only its pseudonyms are left: they become
HMAC(new key, old pseudonym), so its rows still join one another and no others. Former keys are kept
beside the new one, because people who were erased under them must not come back with an old export;
whoever destroys such a file makes the pseudonyms of its epoch unlinkable for good.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.formats.catalogue import all_formats
from pipelines.formats.format import Format
from pipelines.ingest.erased import NAME as ERASED
from pipelines.ingest.erased import read_erased
from pipelines.ingest.files import sha256_of
from pipelines.ingest.lake import content_hash, draft_folder, source_folder, write_parquet
from pipelines.ingest.ledger import (
    only_ingest,
    parquet_paths,
    read_ledger,
    remove_record,
    write_json,
)
from pipelines.ingest.private import make_private_folder
from pipelines.ingest.pseudonyms import (
    KeyRefusedError,
    PseudonymKey,
    judge_key,
    load_key,
    make_key_file,
    refuse_open_permissions,
)
from pipelines.settings import Settings, Workspace

# Domain of a pseudonym that was made from a pseudonym of an epoch before.
_FORMER = "former_epoch"
_STAGED = ".next-epoch"
_NOTE, _JOURNAL = "_key.json", "_rotation.json"


@dataclass(frozen=True)
class KeyRing:
    """The key in use and those of former epochs, the oldest first."""

    current: PseudonymKey
    former: tuple[PseudonymKey, ...] = ()

    @property
    def keys(self) -> tuple[PseudonymKey, ...]:
        """All keys, the oldest first."""
        return (*self.former, self.current)

    def pseudonyms(self, domain: str, value: str) -> list[str]:
        """All pseudonyms that may stand for a value in the lake, one per epoch it came in with."""
        found = []
        for epoch, key in enumerate(self.keys):
            pseudonym = key.pseudonym(domain, value)
            for later in self.keys[epoch + 1 :]:
                pseudonym = later.pseudonym(_FORMER, pseudonym)
            found.append(pseudonym)
        return found

    def of_former_epochs(
        self, frame: pl.DataFrame, keys: Mapping[str, tuple[str, pl.Expr]]
    ) -> list[pl.DataFrame]:
        """For each former epoch the key columns as they would be had the rows come in then."""
        found = []
        for epoch, key in enumerate(self.former):
            told = key.with_pseudonyms(frame, keys).select(list(keys))
            for later in self.keys[epoch + 1 :]:
                told = _aged(told, later, list(keys))
            found.append(told)
        return found


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: the new key's fingerprint, files read again, files that were gone."""

    fingerprint: str
    read_again: int
    gone: int


class RotationError(Exception):
    """The key cannot be changed now; the message says why and what to do."""


def load_ring(workspace: Workspace, *, create: bool = True) -> KeyRing:
    """The key in use and all former ones that the lake knows.

    Raises KeyRefusedError for a key that is unusable, a former key that is missing while people
    were erased, and a rotation that was interrupted.
    """
    current = load_key(workspace.settings, create=create)
    if (workspace.lake / _JOURNAL).exists():
        raise KeyRefusedError(
            "A change of the key was interrupted; finish it with: wallet key rotate"
        )
    former = []
    for fingerprint in _former(workspace):
        path = former_key_file(workspace.settings, fingerprint)
        if path.exists():
            refuse_open_permissions(path)
            former.append(judge_key(path.read_text(encoding="ascii"), str(path)))
        elif read_erased(workspace):
            raise KeyRefusedError(
                f"The key file {path} of a former epoch is missing. People were erased, and "
                "without it an old export would bring them back: bring the file back."
            )
    return KeyRing(current, tuple(former))


def former_key_file(settings: Settings, fingerprint: str) -> Path:
    """Where the key with this fingerprint lies after its epoch."""
    path = settings.pseudonym_key_file
    return path.with_name(f"{path.name}.{fingerprint}")


def rotate(workspace: Workspace, *, leave_behind: bool = False) -> Rotation:
    """Begin a new epoch: a new key, and nothing in the lake under the old one.

    Exports among the inputs are forgotten, so that the next ingest reads them under the new key.
    Safe to repeat after a crash: it goes on where it was.

    Args:
        workspace: whose lake; no ingest may be running.
        leave_behind: go on although exports are gone, whose rows then join no others.

    Raises:
        RotationError: the key comes from the environment, or exports are gone.
        pipelines.ingest.ledger.IngestBusyError: another process is ingesting.
    """
    settings = workspace.settings
    if settings.pseudonym_key is not None:
        raise RotationError(
            "The key comes from WALLET_PSEUDONYM_KEY, which cannot be changed from here. Put it "
            "into a file of mode 0600, name that in WALLET_PSEUDONYM_KEY_FILE, and rotate then."
        )
    with only_ingest(workspace):
        make_private_folder(draft_folder(workspace))
        if not (workspace.lake / _JOURNAL).exists():
            _stage(workspace, load_ring(workspace, create=False), leave_behind)
        return _finish(workspace)


def _stage(workspace: Workspace, ring: KeyRing, leave_behind: bool) -> None:  # noqa: FBT001
    """Make everything of the new epoch beside the old; the journal says that all of it is there."""
    records = read_ledger(workspace)
    present = {sha256_of(path) for path in workspace.input_files()}
    gone = [record for sha, record in records.items() if sha not in present]
    if gone and not leave_behind:
        names = ", ".join(sorted(record.source_file for record in gone)[:5])
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        raise RotationError(
            f"{len(gone)} exports are no longer in {workspace.inputs} ({names}{more}). Put them "
            "back, so that they are read under the new key; or add --leave-behind: their rows "
            "stay, under new pseudonyms, and join none of the others any more."
        )
    for path in workspace.lake.rglob(f"*{_STAGED}"):
        path.unlink()  # of an attempt that was interrupted before its journal was written
    following = workspace.settings.pseudonym_key_file.with_name(
        f"{workspace.settings.pseudonym_key_file.name}.next"
    )
    make_key_file(following, "WALLET_PSEUDONYM_KEY_FILE")
    key = judge_key(following.read_text(encoding="ascii"), str(following))
    kept = {path for record in gone for path in parquet_paths(workspace, record)}
    for spec in all_formats():
        for path in sorted(source_folder(workspace, spec.source).glob("*.parquet")):
            if path in kept:
                aged = _aged_rows(pl.read_parquet(path), spec, key)
                write_parquet(aged, path.with_name(path.name + _STAGED), draft_folder(workspace))
    erased = workspace.lake / ERASED
    days = json.loads(erased.read_text(encoding="utf-8")) if erased.is_file() else {}
    journal = {
        "fingerprint": key.fingerprint,
        "former": [*_former(workspace), ring.current.fingerprint],
        "read_again": sorted(sha for sha in records if sha in present),
        "gone": len(gone),
        "erased": {key.pseudonym(_FORMER, who): day for who, day in days.items()},
    }
    write_json(workspace.lake / _JOURNAL, journal, workspace)


def _finish(workspace: Workspace) -> Rotation:
    """Put what was staged into place; every step may be repeated."""
    journal = json.loads((workspace.lake / _JOURNAL).read_text(encoding="utf-8"))
    for path in sorted(workspace.lake.rglob(f"*{_STAGED}")):
        path.replace(path.with_name(path.name.removesuffix(_STAGED)))
    records = read_ledger(workspace)
    for sha in journal["read_again"]:
        if sha in records:
            remove_record(workspace, records[sha])
    if journal["erased"]:
        write_json(workspace.lake / ERASED, journal["erased"], workspace)
    path = workspace.settings.pseudonym_key_file
    following = path.with_name(f"{path.name}.next")
    if following.exists():
        former = former_key_file(workspace.settings, journal["former"][-1])
        if not former.exists():
            os.link(path, former)
        following.replace(path)
    note = {"fingerprint": journal["fingerprint"], "former": journal["former"]}
    write_json(workspace.lake / _NOTE, note, workspace)
    (workspace.lake / _JOURNAL).unlink()
    return Rotation(journal["fingerprint"], len(journal["read_again"]), journal["gone"])


def _former(workspace: Workspace) -> list[str]:
    path = workspace.lake / _NOTE
    if not path.is_file():
        return []
    return json.loads(path.read_text(encoding="utf-8")).get("former", [])


def _aged_rows(rows: pl.DataFrame, spec: Format, key: PseudonymKey) -> pl.DataFrame:
    """Rows of the lake whose keys became those of the next epoch."""
    names = [item.name for item in spec.keys if item.name in rows.columns]
    aged = rows.with_columns(_aged(rows, key, names).get_columns())
    return aged.with_columns(content_hash(spec).alias("_content_hash"))


def _aged(frame: pl.DataFrame, key: PseudonymKey, names: list[str]) -> pl.DataFrame:
    plain = frame.select(names)
    aged = key.with_pseudonyms(
        plain.rename({name: f"{name} before" for name in names}),
        {name: (_FORMER, pl.col(f"{name} before")) for name in names},
    )
    return aged.select(names)
