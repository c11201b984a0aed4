"""What the dbt project declares for publishing: relations, columns, types and privacy meta.

What belongs here: reading `manifest.json` into small values that tests can also write by hand. What
does not: judging the declarations (`declared`) or comparing them with a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.privacy.policy import AUDIENCES


class CatalogueError(Exception):
    """The manifest cannot be read or publishes nothing; the message says what to do."""


# A reason in fewer words is none.
_FEWEST_WORDS = 5


@dataclass(frozen=True)
class Column:
    """One declared column; None or empty where the declaration says nothing."""

    name: str
    data_type: str
    privacy_class: str | None = None
    role: str | None = None
    subject: str | None = None
    audiences: tuple[str, ...] = ()
    purpose: str = ""
    retention_days: int | None = None
    description: str = ""


@dataclass(frozen=True)
class Contribution:
    """How people make up one amount of a marketing table, told by facts of the analysts' file.

    From `meta.privacy.contributions` of the model.

    Attributes:
        amount: the marketing column; table, expression: where single amounts are found.
        by: (marketing column, expression over the fact) of every dimension.
        where: condition on the fact, or empty; `{analysts}` in any of these is the schema of the
            facts and `{cells}` the marketing table; person: column that names the person.
        values: (marketing column, SQL list) of all values a column may have, where readers know
            them (hours of the day).
    """

    amount: str
    table: str
    expression: str
    by: tuple[tuple[str, str], ...]
    where: str = ""
    person: str = "user_key"
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """One declared relation: `audience` is its schema in the warehouse, `name` its alias."""

    audience: str
    name: str
    columns: tuple[Column, ...]
    description: str = ""
    node_id: str = ""
    contributions: tuple[Contribution, ...] = ()
    # Amount -> why no fact of the analysts' file tells what each person adds to it.
    unattributed: tuple[tuple[str, str], ...] = ()
    # Amount -> other amounts of the row that tell it together with what is shown.
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # (table, amounts, by) of another marketing table that shows the same amounts.
    same_as: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = ()
    # Amounts that count facts, from `meta.privacy.counts`: tables that count the same add up.
    counts: tuple[Contribution, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Catalogue:
    """All published tables; `manifest_sha256` and `invocation_id` tie it to one dbt build."""

    tables: tuple[Table, ...]
    manifest_sha256: str = ""
    invocation_id: str = ""

    def for_audience(self, audience: str) -> Catalogue:
        """The part of one audience."""
        chosen = tuple(table for table in self.tables if table.audience == audience)
        return Catalogue(chosen, self.manifest_sha256, self.invocation_id)

    def table(self, name: str) -> Table | None:
        """The table of that name (within one audience names are unique), or None."""
        return next((table for table in self.tables if table.name == name), None)


def read_catalogue(manifest: Path) -> Catalogue:
    """Read the published models of a dbt manifest.

    Args:
        manifest: dbt's `target/manifest.json`.

    Returns:
        Models whose schema is an audience's, sorted by audience and name.

    Raises:
        CatalogueError: there is no manifest, it is not JSON, or it publishes nothing.
    """
    try:
        content = manifest.read_bytes()
        document = json.loads(content)
    except (OSError, ValueError) as error:
        raise CatalogueError(
            f"Cannot read the dbt manifest {manifest}: {error}. Build the dbt models first."
        ) from error
    tables = [
        _table(node_id, node)
        for node_id, node in document.get("nodes", {}).items()
        if node.get("resource_type") == "model" and node.get("schema") in AUDIENCES
    ]
    if not tables:
        raise CatalogueError(
            f"{manifest} declares no model in schema {' or '.join(AUDIENCES)}: nothing to publish."
        )
    return Catalogue(
        tuple(sorted(tables, key=lambda table: (table.audience, table.name))),
        hashlib.sha256(content).hexdigest(),
        str(document.get("metadata", {}).get("invocation_id", "")),
    )


def _table(node_id: str, node: Mapping[str, Any]) -> Table:
    columns = tuple(_column(name, column) for name, column in node.get("columns", {}).items())
    return Table(
        audience=node["schema"],
        name=node.get("alias") or node["name"],
        columns=columns,
        description=node.get("description") or "",
        node_id=node_id,
        contributions=_contributions(node_id, node, "contributions"),
        unattributed=_unattributed(node_id, node),
        parts=tuple(
            (amount, tuple(others))
            for amount, others in (_privacy_of(node).get("parts") or {}).items()
        ),
        same_as=tuple(
            (same["table"], tuple(same["amounts"]), tuple(same["by"].items()))
            for same in _privacy_of(node).get("same_as") or []
        ),
        counts=_contributions(node_id, node, "counts"),
    )


def _privacy_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = (node.get("config") or {}).get("meta") or node.get("meta") or {}
    return meta.get("privacy") or {}


def _unattributed(node_id: str, node: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    reasons = _privacy_of(node).get("unattributed") or {}
    for amount, reason in reasons.items():
        if not isinstance(reason, str) or len(reason.split()) < _FEWEST_WORDS:
            raise CatalogueError(
                f"{node_id}: meta.privacy.unattributed.{amount} needs a reason in words"
            )
    return tuple(sorted(reasons.items()))


def _contributions(node_id: str, node: Mapping[str, Any], part_of: str) -> tuple[Contribution, ...]:
    parts = _privacy_of(node).get(part_of) or []
    try:
        return tuple(
            Contribution(
                **{
                    **part,
                    "by": tuple((part.get("by") or {}).items()),
                    "values": tuple((part.get("values") or {}).items()),
                }
            )
            for part in parts
        )
    except TypeError as error:
        raise CatalogueError(
            f"{node_id}: meta.privacy.{part_of} needs amount, table, expression, by ({error})"
        ) from error


def _column(name: str, column: Mapping[str, Any]) -> Column:
    # dbt 1.11 shows the meta of `config.meta` at both places, dbt 1.9 only at `meta`.
    meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
    privacy = meta.get("privacy") or {}
    audience = privacy.get("audience") or ()
    return Column(
        name=column.get("name") or name,
        data_type=column.get("data_type") or "",
        privacy_class=privacy.get("class"),
        role=privacy.get("role"),
        subject=privacy.get("subject"),
        audiences=(audience,) if isinstance(audience, str) else tuple(audience),
        purpose=privacy.get("purpose") or "",
        retention_days=privacy.get("retention_days"),
        description=column.get("description") or "",
    )
