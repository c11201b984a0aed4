"""Forgetting a person in every layer, and proof that nothing of them is left.

What belongs here: from a raw id to pseudonyms, taking them out of the lake, dropping warehouse and
releases, searching what remains. What does not: what is left of a row (`ingest.erased`).

A DuckDB file keeps what was deleted in it, so warehouse and releases are not changed but removed;
the next run builds them without the person.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.formats.catalogue import all_formats
from pipelines.formats.format import UNIT_SEPARATOR, Format
from pipelines.ingest.erased import add_erased, own_keys, person_keys, without_erased
from pipelines.ingest.key_ring import KeyRing, load_ring
from pipelines.ingest.lake import (
    content_hash,
    draft_folder,
    leaks_folder,
    source_folder,
    write_parquet,
)
from pipelines.ingest.leak_index import forms_of_ids, is_personal, marks_of
from pipelines.ingest.ledger import only_ingest
from pipelines.privacy.artefact import open_locked
from pipelines.privacy.text import literal, quoted
from pipelines.settings import Workspace

_TELLING = 8  # shortest raw id whose bytes are no chance


class ErasureError(Exception):
    """Something of the person is left; the message names the file."""


@dataclass(frozen=True)
class Erasure:
    """What was done.

    Attributes:
        pseudonyms: all that stand for the person now on the list of erased ones.
        rows: rows of the lake in which the person became nobody.
        searched: files searched afterwards, with nothing found.
        exports: files of the inputs folder that still hold the raw id; they are the merchant's.
    """

    pseudonyms: tuple[str, ...]
    rows: int
    searched: int
    exports: tuple[str, ...]


def erase(workspace: Workspace, raw_id: str, app_id: str = "") -> Erasure:
    """Forget a person by their raw id; needs the key that made the pseudonyms.

    Args:
        workspace: whose lake, warehouse and releases.
        raw_id: customer number, device id or openid as exports hold it.
        app_id: the app an openid belongs to (WeChat gives one person another openid in each).

    Returns:
        What was done. Safe to repeat: a second time finds nothing.

    Raises:
        ErasureError: something is left.
        pipelines.ingest.pseudonyms.KeyRefusedError: the key is not there.
        pipelines.ingest.ledger.IngestBusyError: another process is ingesting.
    """
    ring = load_ring(workspace, create=False)
    with only_ingest(workspace):
        asked = _pseudonyms(ring, raw_id, app_id)
        found = asked | _same_person(workspace, asked)
        add_erased(workspace, found)
        rows = sum(_rewrite(workspace, spec, found) for spec in all_formats())
        _rewrite_index(workspace, ring, raw_id)
        _drop_built(workspace)
        searched = list(_remaining(workspace))
        for path in searched:
            if _holds(path, found, raw_id):
                raise ErasureError(f"{path} still holds the person: report this as an error.")
    return Erasure(tuple(sorted(found)), rows, len(searched), tuple(_exports(workspace, raw_id)))


def _pseudonyms(ring: KeyRing, raw_id: str, app_id: str) -> frozenset[str]:
    """The id under every domain that names people and in every epoch of the key."""
    domains = {item.domain for spec in all_formats() for item in spec.keys if is_personal(item)}
    values = {raw_id, f"{app_id}{UNIT_SEPARATOR}{raw_id}"} if app_id else {raw_id}
    return frozenset(
        pseudonym
        for domain in domains
        for value in values
        for pseudonym in ring.pseudonyms(domain, value)
    )


def _same_person(workspace: Workspace, asked: frozenset[str]) -> frozenset[str]:
    """Customer keys that other sources give to the orders of these pseudonyms.

    A bill knows the payer by openid, the merchant's log by customer number: one order joins them.
    Devices, networks and operators are left out, because people share them.
    """
    with duckdb.connect() as con:
        con.execute("create table asked as select unnest($1::varchar[]) as who", [sorted(asked)])
        con.execute("create table orders (order_key varchar)")
        for spec in all_formats():
            keys = person_keys(spec)
            if keys and "order_key" in spec.lake_columns:
                held = " or ".join(f"{quoted(name)} in (from asked)" for name in keys)
                con.execute(
                    f"insert into orders select distinct order_key from {_lake(workspace, spec)}"
                    f" where {held}"
                )
        found: set[str] = set()
        for spec in all_formats():
            for name in own_keys(spec):
                if "order_key" in spec.lake_columns:
                    found.update(
                        who
                        for (who,) in con.execute(
                            f"select distinct {quoted(name)} from {_lake(workspace, spec)}"
                            f" where order_key in (from orders) and {quoted(name)} is not null"
                        ).fetchall()
                    )
    return frozenset(found)


def _lake(workspace: Workspace, spec: Format) -> str:
    pattern = str(source_folder(workspace, spec.source) / "*.parquet")
    return f"read_parquet({literal(pattern)}, union_by_name = true)"


def _rewrite(workspace: Workspace, spec: Format, erased: frozenset[str]) -> int:
    """Write the files of a source anew in which the person stands; returns the rows concerned."""
    keys, rows = person_keys(spec), 0
    for path in sorted(source_folder(workspace, spec.source).glob("*.parquet")) if keys else ():
        frame = pl.read_parquet(path)
        cleared = without_erased(frame, spec, erased)
        concerned = frame.height - int((frame[keys].equals(cleared[keys])) * frame.height)
        if concerned:
            rows += frame.filter(
                pl.any_horizontal(pl.col(name).is_in(sorted(erased)) for name in keys)
            ).height
            cleared = cleared.with_columns(content_hash(spec).alias("_content_hash"))
            write_parquet(cleared, path, draft_folder(workspace))
    return rows


def _rewrite_index(workspace: Workspace, ring: KeyRing, raw_id: str) -> None:
    forms = forms_of_ids(pl.Series([raw_id]))
    marks = pl.concat(marks_of(key, forms)["mark"] for key in ring.keys)
    for path in leaks_folder(workspace).glob("*.parquet"):
        frame = pl.read_parquet(path)
        kept = frame.filter(pl.col("mark").is_in(marks.implode()).not_())
        if kept.height != frame.height:
            write_parquet(kept, path, draft_folder(workspace))


def _drop_built(workspace: Workspace) -> None:
    """Remove what the next run builds anew; the public key of the signatures stays."""
    shutil.rmtree(workspace.warehouse.parent, ignore_errors=True)
    shutil.rmtree(workspace.root / "audit", ignore_errors=True)
    if workspace.releases.is_dir():
        for path in workspace.releases.iterdir():
            if path.is_dir() and not path.is_symlink():
                for file in path.iterdir():
                    file.chmod(0o600)
                shutil.rmtree(path)
            elif path.suffix != ".pub":
                path.unlink()


def _remaining(workspace: Workspace) -> Iterator[Path]:
    """Every file below the workspace but exports and the list of erased people."""
    for path in sorted(workspace.root.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name == "_erased.json":
            continue
        if workspace.inputs not in path.parents:
            yield path


def _holds(path: Path, pseudonyms: Iterable[str], raw_id: str) -> bool:
    """Whether a file holds the person: its bytes, and of Parquet and DuckDB the values too."""
    # A customer number such as 1024 stands in every file as something else.
    raw = [raw_id] if len(raw_id) >= _TELLING else []
    if path.suffix == ".parquet":
        texts = [column for column in pl.read_parquet(path) if column.dtype == pl.String]
        wanted = [*pseudonyms, *raw]
        return any(column.is_in(wanted).any() for column in texts)
    if path.suffix == ".duckdb" and _in_database(path, [*pseudonyms, *raw]):
        return True
    content = path.read_bytes()
    forms = [form for text in pseudonyms for form in _as_stored(uuid.UUID(text))]
    return any(form in content for form in (*forms, *(text.encode() for text in raw)))


def _in_database(path: Path, wanted: list[str]) -> bool:
    """Whether a column of a DuckDB file has one of the values; its bytes may be compressed."""
    with closing(open_locked(path)) as con:
        columns = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where not internal and data_type in ('UUID', 'VARCHAR')"
        ).fetchall()
        return any(
            con.execute(
                f"select count(*) from {quoted(schema)}.{quoted(table)}"
                f" where {quoted(column)}::varchar in (select unnest($1::varchar[]))",
                [wanted],
            ).fetchall()[0][0]
            for schema, table, column in columns
        )


def _as_stored(pseudonym: uuid.UUID) -> tuple[bytes, ...]:
    """As text, as 16 bytes, and as DuckDB has it: a little-endian number, its top bit turned."""
    number = (pseudonym.int ^ (1 << 127)).to_bytes(16, "little")
    return str(pseudonym).encode(), pseudonym.bytes, number


def _exports(workspace: Workspace, raw_id: str) -> Iterator[str]:
    """Exports that still hold the id in plain bytes; packed ones cannot be told this way."""
    for path in workspace.input_files():
        if raw_id.encode() in path.read_bytes():
            yield path.relative_to(workspace.inputs).as_posix()
