"""SQL over frames that are in memory: one DuckDB of this process, which keeps none of them.

What belongs here: opening it. What does not: the queries (`splitting`, `reading`, `workbooks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb
import pyarrow as pa


@contextmanager
def frame_sql(**frames: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads Arrow tables under the names they are given as.

    The names are the connection's own and go with it; files that are read side by side do not see
    one another's.
    """
    with _database().cursor() as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        yield connection


@cache
def _database() -> duckdb.DuckDBPyConnection:
    # Opening one takes 20 CPU ms, more than most documents do. Files are read side by side
    # already, so a query has its reader's thread only.
    return duckdb.connect(":memory:", config={"threads": 1})
