"""People who were erased: the list of their pseudonyms, and rows without them.

What belongs here: reading and writing the list, taking a person out of rows. What does not: doing
so in every layer (`publish.erasure`). The list holds pseudonyms and days only; whoever has no key
cannot tell whose they are.

A payment stays in the books, which the law asks to be kept and control totals depend on; who made
it is forgotten: keys that lead to a person or a device become NULL, and so does the context by
which somebody could be known again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import polars as pl

from pipelines.formats.format import Format
from pipelines.ingest.lake import draft_folder
from pipelines.ingest.leak_index import is_personal
from pipelines.ingest.ledger import write_json
from pipelines.ingest.private import make_private_folder
from pipelines.settings import Workspace

NAME = "_erased.json"
# Ids of single events, as an order's is: nobody is known by them without the keys beside them,
# and without its own id a row would pass for a copy of another.
_EVENTS = frozenset(
    {"balance_entry", "modification", "payment_event", "statement", "exchange_rate"}
    | {"trace", "otlp_span", "newrelic_transaction", "newrelic_trace_operation"}
)
# What several people have in common: a family's device, an office's network, a clerk. Forgotten in
# the rows of the person, but not followed to other people's.
_SHARED = frozenset({"device", "ip_block", "operator"})
_CONTEXT = frozenset(
    {"os", "app_version", "region", "language", "bank", "device_info", "city", "country"}
)


def read_erased(workspace: Workspace) -> frozenset[str]:
    """Pseudonyms (UUID text) of everybody who was erased."""
    path = workspace.lake / NAME
    if not path.is_file():
        return frozenset()
    return frozenset(json.loads(path.read_text(encoding="utf-8")))


def add_erased(workspace: Workspace, pseudonyms: Iterable[str]) -> None:
    """Put people on the list, with the day; those on it stay as they are."""
    make_private_folder(draft_folder(workspace))
    path = workspace.lake / NAME
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    day = datetime.now(UTC).date().isoformat()
    write_json(path, dict.fromkeys(pseudonyms, day) | known, workspace)


def person_keys(spec: Format) -> list[str]:
    """Key columns of a source that lead to a person or a device."""
    return [key.name for key in spec.keys if is_personal(key) and key.domain not in _EVENTS]


def own_keys(spec: Format) -> list[str]:
    """Those of them that are one person's alone."""
    shared = {key.name for key in spec.keys if key.domain in _SHARED}
    return [name for name in person_keys(spec) if name not in shared]


def without_erased(
    rows: pl.DataFrame,
    spec: Format,
    erased: frozenset[str],
    before: Sequence[pl.DataFrame] = (),
) -> pl.DataFrame:
    """Rows in which erased people are nobody; the number of rows and all amounts stay.

    `before` are the same rows' keys in former epochs: who was erased then is erased.
    """
    keys = [name for name in person_keys(spec) if name in rows.columns]
    if not erased or not keys:
        return rows
    listed = sorted(erased)
    is_erased = pl.any_horizontal(pl.col(name).is_in(listed) for name in keys)
    for told in before:
        held = told.select(pl.any_horizontal(pl.all().is_in(listed)).alias("held"))["held"]
        is_erased = is_erased | pl.lit(held)
    cleared = [*keys, *sorted(_CONTEXT & set(rows.columns))]
    return rows.with_columns(
        pl.when(is_erased).then(None).otherwise(pl.col(name)).alias(name) for name in cleared
    )
