"""A list of people to talk to: a segment narrowed down, audited, and written as pseudonyms.

What belongs here: choosing users of the published analyst file, the audit of the very list, its CSV
and the log of lists made. What does not: who the pseudonyms are (`ingest.resolve`, on the machine
that holds the key).

A list goes the way of a release: it is written into a file of its own, that file is audited as one
for marketing, and only what was audited is written out. There is no way around the minimum size.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.ingest.private import make_private_file
from pipelines.privacy.audit import audit_database
from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.policy import policy_for
from pipelines.privacy.report import canonical_json
from pipelines.privacy.text import literal
from pipelines.publish.audience_overlap import few_apart, lists_out, without_few
from pipelines.publish.candidate import STORAGE_VERSION
from pipelines.publish.digest import logical_digest
from pipelines.publish.pointer import open_published, read_pointer
from pipelines.publish.surroundings import house_of_list
from pipelines.settings import Workspace

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
# Filter -> column of user_profiles that must equal one of the values.
_COLUMNS = {
    "segment": "lifecycle_segment",
    "value_tier": "value_tier",
    "payment_state": "payment_state",
    "wallet": "chosen_wallet",
    "language": "language",
    "os": "os",
    "channel": "channel",
    "cluster": "cluster_id",
}
# Filter -> yes/no column of user_profiles.
_TAGS = {
    "refund_prone": "is_refund_prone",
    "hurt_by_failures": "is_hurt_by_failures",
    "discount_seeker": "is_discount_seeker",
}
_TABLE = "audience_members"


class AudienceError(Exception):
    """The list cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class AudienceFilter:
    """Who is meant; an empty filter means everybody, several values of one filter mean any.

    Attributes:
        segment, value_tier, payment_state, wallet, language, os, channel, cluster: values wanted.
        refund_prone, hurt_by_failures, discount_seeker: wanted, unwanted, or either (None).
        chance_30_days: least probability of a purchase within 30 days; None is any.
    """

    segment: tuple[str, ...] = ()
    value_tier: tuple[str, ...] = ()
    payment_state: tuple[str, ...] = ()
    wallet: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    refund_prone: bool | None = None
    hurt_by_failures: bool | None = None
    discount_seeker: bool | None = None
    chance_30_days: float | None = None

    def condition(self) -> tuple[str, list[object]]:
        """SQL condition over user_profiles with its parameters."""
        parts, values = ["true"], []
        for name, column in _COLUMNS.items():
            if wanted := getattr(self, name):
                parts.append(f"{column}::varchar in ({', '.join('?' for _ in wanted)})")
                values.extend(wanted)
        for name, column in _TAGS.items():
            if (wish := getattr(self, name)) is not None:
                parts.append(f"{column} = ?")
                values.append(wish)
        if self.chance_30_days is not None:
            parts.append("p_buys_30_days >= ?")
            values.append(self.chance_30_days)
        return " and ".join(parts), values


@dataclass(frozen=True)
class Audience:
    """A list that passed its audit: where it lies and how long it is.

    `left_out` are people who fit the filters but would be one of few whom this list and another one
    of the same release tell apart.
    """

    name: str
    path: Path
    audit: Path
    members: int
    release_id: str
    left_out: int = 0


def make_audience(workspace: Workspace, name: str, wanted: AudienceFilter) -> Audience:
    """Write the pseudonyms of the users who are wanted to `audiences/<name>-<release>.csv`.

    The list's audit is written beside it, and a line into `audiences/log.jsonl`: when, from which
    release, with which filters, how many. Against the lists that are out already, people are left
    out by whom two lists would tell something of few.

    Raises:
        AudienceError: a bad name, one that other people of this release are on, a filter with a
            value that nobody has, fewer people than the minimum, or an audit that failed.
        pipelines.publish.pointer.ReleaseError: nothing is published, or the release was changed.
    """
    if not _NAME.fullmatch(name):
        raise AudienceError(
            f"{name!r} cannot name a list. Use lower-case letters, digits, - and _, such as"
            " at_risk-alipay."
        )
    release = read_pointer(workspace.releases)
    with contextlib.closing(open_published(workspace, "analyst")) as con:
        _refuse_unknown_values(con, wanted)
        condition, values = wanted.condition()
        keys = con.execute(
            f"select user_key::varchar from user_profiles where {condition} order by user_key",
            values,
        ).fetchall()
    release_id = release.release_id if release else ""
    minimum = workspace.settings.minimum_cell_users
    if len(keys) < minimum:
        raise AudienceError(
            f"The list would name fewer than {minimum} people, the least that may be given away."
            " Take a filter off."
        )
    folder = workspace.root / "audiences"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}-{release_id}.csv"
    audit = path.with_suffix(".audit.json")
    others = lists_out(workspace, release_id, folder)
    # The same list made again: it was compared with the others then.
    own = others.pop(f"the list {path.name}", None)
    chosen = frozenset(key for (key,) in keys)
    members = without_few(chosen, others, minimum)
    if own is not None and own != members:
        raise AudienceError(
            f"{path} is there already, with other people on it, and may be in use. Give this list"
            " another name (--name)."
        )
    if len(members) < minimum:
        raise AudienceError(
            f"Together with a list of this release that is out already, this one would tell"
            f" something of fewer than {minimum} people: "
            + "; ".join(list(few_apart(chosen, others, minimum))[:3])
            + ". Take a filter off, or use that list."
        )
    keys = [(key,) for key in sorted(members)]
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        database = Path(draft) / f"{name}.duckdb"
        _write_database(database, keys)
        report = audit_database(
            database,
            Catalogue((_declaration(),)),
            "marketing",
            policy_for(workspace.settings),
            house_of_list(workspace, _declaration(), ("analyst", "user_profiles", "user_key")),
            release_id=release_id,
        )
        if report.verdict != "pass":
            raise AudienceError("The audit refused the list: " + "; ".join(report.problems))
        text = _csv(database)
        told = list(few_apart(frozenset(text.split()[1:]), others, minimum))
        if told:
            raise AudienceError("The audit refused the list: " + "; ".join(told))
        digest = logical_digest(database)[_TABLE]
        compared = {"lists": sorted(others), "left_out": len(chosen) - len(members)}
        document = {"rows": digest, "report": report.as_dict(), "compared_with": compared}
        make_private_file(audit)
        audit.write_bytes(canonical_json(document))
        finished = Path(draft) / path.name
        make_private_file(finished)
        finished.write_text(text, encoding="utf-8")
        finished.replace(path)
    _log(folder, name, release_id, wanted, len(keys), digest)
    return Audience(name, path, audit, len(keys), release_id, len(chosen) - len(members))


def _refuse_unknown_values(con: duckdb.DuckDBPyConnection, wanted: AudienceFilter) -> None:
    """A misspelt value would silently narrow a list down to nobody, or leave somebody out."""
    for name, column in _COLUMNS.items():
        values = set(getattr(wanted, name))
        if not values:
            continue
        rows = con.execute(f"select distinct {column}::varchar from user_profiles").fetchall()
        known = sorted(row[0] for row in rows if row[0] is not None)
        unknown = sorted(values - set(known))
        if unknown:
            option = "--" + name.replace("_", "-")
            raise AudienceError(
                f"Nobody has {option} {unknown[0]!r}. There are: {', '.join(known) or 'none'}."
            )
    if wanted.chance_30_days is not None:
        row = con.execute("select count(p_buys_30_days) from user_profiles").fetchall()[0]
        if not row[0]:
            raise AudienceError(
                "There is no chance to buy in this release: there is too little history for it."
            )


def _declaration() -> Table:
    """The published contract of the list: one column of pseudonyms."""
    column = Column(
        "user_key",
        "uuid",
        privacy_class="pseudonym",
        role="key",
        subject="user",
        audiences=("marketing",),
        purpose="campaign_audience",
        retention_days=180,
        description="Keyed pseudonym of the person.",
    )
    return Table("marketing", _TABLE, (column,), "One row per person on the list.")


def _write_database(path: Path, keys: list[tuple[str]]) -> None:
    with duckdb.connect() as con:
        con.execute(f"attach {literal(str(path))} as list (storage_version '{STORAGE_VERSION}')")
        con.execute(f"create table list.main.{_TABLE} (user_key uuid)")
        con.execute(
            f"insert into list.main.{_TABLE} select unnest(?)::uuid", [[key for (key,) in keys]]
        )
        con.execute("checkpoint list")
        con.execute("detach list")
    path.chmod(0o400)


def _csv(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(f"select user_key::varchar from {_TABLE} order by user_key").fetchall()
    return "\n".join(["user_key", *(key for (key,) in rows)]) + "\n"


def _log(
    folder: Path, name: str, release_id: str, wanted: AudienceFilter, members: int, digest: str
) -> None:
    entry = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "name": name,
        "release_id": release_id,
        "filters": {key: value for key, value in asdict(wanted).items() if value not in ((), None)},
        "members": members,
        "rows": digest,
    }
    log = folder / "log.jsonl"
    make_private_file(log)
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry, sort_keys=True) + "\n")
