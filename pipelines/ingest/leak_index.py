"""The leak index: by what a raw identifier could be recognised, without keeping the identifier.

What belongs here: the forms a raw id might leak in (as it is, reversed, hashed without a key,
base64) and keyed hashes of them, one Parquet file per document. What does not: looking something up
(the audit does, through `LeakIndex`).

While raw ids are in memory, HMAC(key, form) of each is stored. Whoever has the key can then tell
whether a text is a known id or its md5, and nobody can tell the id from the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from pipelines.formats.format import Format, Pseudonym
from pipelines.ingest.pseudonyms import PseudonymKey

SCHEMA = {"mark": pl.String}
# Keys that name no person: an order number is kept anyway, a product is nobody.
_IMPERSONAL = frozenset(
    {"attempt", "capture", "order", "product", "refund", "movement", "fee_plan", "ticket"}
    | {"feedback", "security_event", "ga4_event", "mixpanel_event", "mixpanel_insert", "payout"}
    | {"dispute", "settlement", "balance", "batch", "transfer"}
)
# A customer number such as 1024 equals too many counts to be recognised as itself.
_SHORTEST_NUMBER, _SHORTEST_TEXT = 9, 5


def is_personal(key: Pseudonym) -> bool:
    """Whether a key leads to a person, their device or their visit."""
    return key.domain not in _IMPERSONAL


def personal_columns(spec: Format) -> list[str]:
    """Columns of an export whose raw values name a person and are replaced by a pseudonym."""
    dropped = {column.name for column in spec.columns if not column.keep}
    named = {name for key in spec.keys if is_personal(key) for name in key.value.meta.root_names()}
    # Alipay's counterparty is the customer's account; it is dropped without a pseudonym.
    return sorted((named | {"counterparty"}) & dropped)


class LeakCollector:
    """Distinct raw ids of one document, block by block, until their marks are made."""

    def __init__(self, spec: Format) -> None:
        self._columns = personal_columns(spec)
        self._seen: pl.Series | None = None

    def see(self, rows: pl.DataFrame) -> None:
        """Remember the ids of a block of rows as the file has them."""
        for name in self._columns:
            values = rows[name].drop_nulls().cast(pl.String).unique()
            self._seen = values if self._seen is None else self._seen.append(values).unique()

    def marks(self, key: PseudonymKey) -> pl.DataFrame:
        """Column `mark`: keyed hashes of every form of every id seen, distinct, sorted."""
        if self._seen is None or self._seen.is_empty():
            return pl.DataFrame(schema=SCHEMA)
        return marks_of(key, forms_of_ids(self._seen)).unique().sort("mark")


def forms_of_ids(values: pl.Series) -> pl.Series:
    """Every text a raw id might appear as, hex in lower case."""
    raw = pl.col("v")
    frame = values.str.strip_chars().unique().to_frame("v").filter(raw.str.len_chars() > 0)
    is_number = raw.str.contains("^[0-9]+$")
    long_enough = (
        pl.when(is_number)
        .then(raw.str.len_chars() >= _SHORTEST_NUMBER)
        .otherwise(raw.str.len_chars() >= _SHORTEST_TEXT)
    )
    plain = frame.filter(long_enough).select(
        raw,
        raw.str.to_lowercase().alias("lower"),
        raw.str.reverse().alias("reversed"),
        raw.str.encode("base64").alias("base64"),
    )
    hashed = frame.select(
        raw.nchash.md5().alias("md5"),
        raw.nchash.sha1().alias("sha1"),
        raw.chash.sha2_256().alias("sha256"),
    )
    return pl.concat(
        [part.cast(pl.String).alias("v") for part in (*plain.get_columns(), *hashed.get_columns())]
    ).unique()


def marks_of(key: PseudonymKey, texts: pl.Series) -> pl.DataFrame:
    """Column `mark`: the keyed hash of each text, in order."""
    return texts.to_frame("v").select(key.marks(pl.col("v")).alias("mark"))


@dataclass(frozen=True)
class LeakIndex:
    """The marks of everything ingested, and the keys they were made with, the newest last."""

    keys: tuple[PseudonymKey, ...]
    files: tuple[Path, ...]

    @property
    def fingerprint(self) -> str:
        """Which key makes the index now."""
        return self.keys[-1].fingerprint

    def size(self) -> int:
        """Marks in the index, repeated ones included."""
        return self._marks.len()

    @cached_property
    def _marks(self) -> pl.Series:
        # Hundreds of small files, asked twice in a release: opening them is what costs.
        if not self.files:
            return pl.Series("mark", [], dtype=pl.String)
        return pl.read_parquet(list(self.files), columns=["mark"])["mark"]

    def known(self, texts: list[str]) -> list[str]:
        """Those of the texts that are a form of a raw id."""
        if not texts or not self.files:
            return []
        asked = pl.Series("v", texts, dtype=pl.String)
        marked = pl.concat(asked.to_frame().hstack(marks_of(key, asked)) for key in self.keys)
        # The right side of a join is hashed: what is asked, the few words of a page, and not all
        # that was ever seen, once for each page.
        seen = self._marks.to_frame().join(marked.select("mark"), on="mark", how="semi")
        return marked.join(seen, on="mark", how="semi")["v"].unique(maintain_order=True).to_list()
