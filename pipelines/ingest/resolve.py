"""From pseudonyms back to the merchant's own customers, where the key is, and never unlogged.

What belongs here: comparing a list of pseudonyms with the merchant's own list of customers, and the
log of every time that was done. What does not: making lists (`publish.audience`).

A pseudonym cannot be turned back. Whoever holds the key and a list of their own customers can find
the pseudonym of each and see who is on the list; nobody else can.
"""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from pipelines.formats.format import UNIT_SEPARATOR
from pipelines.ingest.files import sha256_of
from pipelines.ingest.key_ring import KeyRing, load_ring
from pipelines.ingest.private import make_private_file
from pipelines.settings import Workspace

_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class ResolveError(Exception):
    """The list cannot be mapped back; the message says why and what to do."""


@dataclass(frozen=True)
class Resolved:
    """How many of the list's pseudonyms were found among how many customers, and where they are."""

    path: Path
    wanted: int
    found: int
    customers: int


def resolve(
    workspace: Workspace, audience: Path, customers: Path, out: Path, purpose: str
) -> Resolved:
    """Write the customers who are on a list to a new file that only its owner can read.

    Args:
        workspace: whose key is used and in whose `audiences/resolved.jsonl` it is logged.
        audience: CSV with a column user_key.
        customers: the merchant's own CSV: a column user_id (their customer id, as in the attempt
            log), or app_id and openid (as in WeChat's bills), or all three; other columns are kept.
        out: the file to write; must not exist and must lie outside the releases.
        purpose: why; goes into the log.

    Raises:
        ResolveError: a file that is not as described, or nobody of the list was found.
        pipelines.ingest.pseudonyms.KeyRefusedError: there is no usable key on this machine.
    """
    if not purpose.strip():
        raise ResolveError("Say what the list is for: --purpose 'win-back mail of November'.")
    if out.exists():
        raise ResolveError(f"{out} exists. Name a new file.")
    if workspace.releases in out.resolve().parents:
        raise ResolveError(f"{out} lies among the published files. Write it somewhere else.")
    ring = load_ring(workspace, create=False)
    wanted = _read_audience(audience)
    people = _with_pseudonyms(_read(customers), customers, ring)
    found = people.join(wanted, on="user_key", how="semi", maintain_order="left")
    count = found["user_key"].n_unique()
    # First the log, then the list: no list without a line in the log.
    _log(workspace, ring, audience, purpose, wanted.height, count)
    if not count:
        raise ResolveError(
            f"None of the {wanted.height:,} people on the list is among the {people.height:,}"
            " customers. Is this the key the list was made with, and the right column of ids?"
        )
    _write_private(out, found)
    return Resolved(out, wanted.height, count, people.height)


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise ResolveError(f"{path} cannot be read as a CSV in UTF-8: {reason}") from error


def _read_audience(path: Path) -> pl.DataFrame:
    frame = _read(path)
    if "user_key" not in frame.columns:
        raise ResolveError(
            f"{path}, line 1: expected a column user_key, found {', '.join(frame.columns)}. Take a"
            " list made by `wallet audience`."
        )
    keys = frame.select(pl.col("user_key").str.strip_chars().str.to_lowercase())
    wrong = keys.with_row_index("line", offset=2).filter(
        ~pl.col("user_key").fill_null("").str.contains(_UUID)
    )
    if wrong.height:
        raise ResolveError(
            f"{path}, line {wrong['line'][0]}: expected a pseudonym such as"
            " 0f8b1c2d-3e4f-5061-7283-94a5b6c7d8e9."
        )
    return keys.unique()


def _with_pseudonyms(people: pl.DataFrame, path: Path, ring: KeyRing) -> pl.DataFrame:
    """One row per customer, kind of id and epoch, with the pseudonym of that id.

    A list may be older than the key in use, and people of exports that are gone have what their
    old pseudonym became.
    """
    values = {"subject": pl.col("user_id")} if "user_id" in people.columns else {}
    if {"app_id", "openid"} <= set(people.columns):
        values["wechat_openid"] = pl.concat_str(
            [pl.col("app_id"), pl.col("openid")], separator=UNIT_SEPARATOR
        )
    if not values:
        raise ResolveError(
            f"{path}, line 1: expected a column user_id, or app_id and openid; found"
            f" {', '.join(people.columns)}."
        )
    if "user_key" in people.columns:
        people = people.drop("user_key")
    parts = []
    for domain, value in values.items():
        wanted = {"user_key": (domain, value)}
        parts += [key.with_pseudonyms(people, wanted) for key in ring.keys]
        parts += [people.hstack(told) for told in ring.of_former_epochs(people, wanted)]
    return pl.concat(parts).drop_nulls("user_key").unique(maintain_order=True)


def _write_private(out: Path, found: pl.DataFrame) -> None:
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        found.write_csv(stream)
        stream.flush()
        os.fsync(stream.fileno())


def _log(
    workspace: Workspace, ring: KeyRing, audience: Path, purpose: str, wanted: int, found: int
) -> None:
    """When, who, which list, what for and how many; never an id."""
    entry = {
        "resolved_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": getpass.getuser(),
        "list": audience.name,
        "list_sha256": sha256_of(audience),
        "purpose": purpose.strip(),
        "key_fingerprint": ring.current.fingerprint,
        "people_on_list": wanted,
        "people_found": found,
    }
    folder = workspace.root / "audiences"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "resolved.jsonl"
    make_private_file(log)
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry, sort_keys=True, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
