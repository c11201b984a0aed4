"""Two lists of one release, laid over each other: neither their overlap nor what is left of either
may be few people.

What belongs here: comparing a list with those that are out already, leaving people out until it
tells nothing of few. What does not: choosing people (`audience`).

Who is on two lists has both lists' reasons, and who is on one only lacks the other's. Lists keep
one pseudonym per person (a campaign takes one list off another), so every such group counts as a
figure: nobody, or at least the minimum. Lists of segments in the marketing file are out with every
release. Of lists of different releases nothing is said: people move between them.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from pipelines.publish.pointer import open_published
from pipelines.settings import Workspace

_ROUNDS = 50


def lists_out(workspace: Workspace, release_id: str, folder: Path) -> dict[str, frozenset[str]]:
    """Every list of a release that a marketer can have: name -> pseudonyms.

    Args:
        workspace: whose current marketing file holds the lists of segments.
        release_id: of that file.
        folder: where lists made on request lie.
    """
    found: dict[str, set[str]] = {}
    with closing(open_published(workspace, "marketing")) as con:
        if con.execute(
            "select 1 from duckdb_tables() where table_name = 'audience_members'"
        ).fetchall():
            for segment, key in con.execute(
                "select lifecycle_segment, user_key::varchar from audience_members"
            ).fetchall():
                found.setdefault(f"the segment {segment}", set()).add(key)
    for path in sorted(folder.glob(f"*-{release_id}.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found[f"the list {path.name}"] = {row["user_key"] for row in csv.DictReader(stream)}
    return {name: frozenset(keys) for name, keys in found.items()}


def few_apart(
    members: frozenset[str], others: Mapping[str, frozenset[str]], minimum: int
) -> Iterator[str]:
    """What a list and those that are out tell together of fewer people than the minimum."""
    for name, other in others.items():
        if not members & other:  # what is on one only is that list, which has enough
            continue
        for what, people in (
            (f"on it and in {name}", members & other),
            (f"on it and not in {name}", members - other),
            (f"in {name} and not on it", other - members),
        ):
            if 0 < len(people) < minimum:
                yield f"{len(people)} people are {what}"


def without_few(
    members: frozenset[str], others: Mapping[str, frozenset[str]], minimum: int
) -> frozenset[str]:
    """The list without people by whom it would differ from another one in few.

    Few who share both lists, or are on this one only, are left out. Where few of the other list are
    missing, more of it are left out, chosen by a hash, so that they are among enough.
    """
    kept = members
    for _ in range(_ROUNDS):
        before = kept
        for name, other in sorted(others.items()):
            if 0 < len(kept & other) < minimum:
                kept -= other
            if kept & other and 0 < len(kept - other) < minimum:
                kept &= other
            missing, shared = len(other - kept), kept & other
            if shared and 0 < missing < minimum:
                kept -= frozenset(sorted(shared, key=_shuffled(name))[: minimum - missing])
        if kept == before:
            return kept
    return frozenset()


def _shuffled(name: str):
    return lambda key: hashlib.sha256(f"{name}\0{key}".encode()).digest()
