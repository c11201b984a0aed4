"""Many small columns looked through together, to learn which of them deserve a look of their own.

What belongs here: pooling the values of small relations and running the detectors over them once.
What does not: what a find means (`values`, `chance`). A release has a thousand columns, most of a
few dozen values, and compiling all patterns for each took a third of publishing; what is in no
value of the pool is in no column of it, so that nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import duckdb

from pipelines.privacy.detectors import find, patterns_for
from pipelines.privacy.text import is_numeric, quoted, text_of

# Relations of more rows are not pooled: a query of their own costs them nothing to speak of, and
# the pool stays in memory.
MOST_ROWS = 50_000


class Place(NamedTuple):
    """One column: its relation as SQL, its name, its DuckDB type."""

    relation: str
    column: str
    data_type: str


def worth_scanning(con: duckdb.DuckDBPyConnection, places: Sequence[Place]) -> set[Place]:
    """The columns in which personal data may be, large ones unseen.

    Args:
        con: connection that may create temporary tables.
        places: columns, those of a relation one after the other.

    Returns:
        Columns of large relations, and those of small ones in which a pattern found something.

    Raises:
        duckdb.Error: a column cannot be read; the caller must count that as a failed check.
    """
    large: set[Place] = set()
    con.execute("create or replace temp table pool (place integer, is_number boolean, v varchar)")
    numbered = [(at, place) for at, place in enumerate(places)]
    for relation, group in groupby(numbered, key=lambda entry: entry[1].relation):
        of_relation = list(group)
        (rows,) = con.execute(f"select count(*) from {relation}").fetchall()[0]
        if rows > MOST_ROWS:
            large |= {place for _, place in of_relation}
        else:
            _fill(con, of_relation)
    found = {places[at] for is_number in (False, True) for at in _places_with_finds(con, is_number)}
    return large | found


def _fill(con: duckdb.DuckDBPyConnection, columns: Sequence[tuple[int, Place]]) -> None:
    """Add the distinct values of one relation's columns; types without text have none."""
    values = " union all ".join(
        f"select {at} as place, {is_numeric(place.data_type)} as is_number, {text} as v"
        f" from {place.relation} where {quoted(place.column)} is not null"
        for at, place in columns
        if (text := text_of(place.column, place.data_type)) is not None
    )
    if values:
        con.execute(f"insert into pool select distinct * from ({values})")


def _places_with_finds(con: duckdb.DuckDBPyConnection, is_number: bool) -> list[int]:
    source = f"(select distinct v from pool where is_number = {is_number})"
    if not find(con, source, patterns_for(numeric=is_number), numeric=is_number):
        return []
    found = con.execute(
        f"select distinct place from pool semi join hits using (v) where is_number = {is_number}"
    ).fetchall()
    return [at for (at,) in found]
