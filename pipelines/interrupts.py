"""Ctrl-C, or a run that is ended in the UI, while DuckDB is at work.

What belongs here: telling such an interrupt from an error. What does not: what a run says of it
(`runs`, `summary`), time limits of the audit (`privacy.checks`).

A signal handler ends a run by raising. When it is called inside a query, DuckDB's client drops what
it raised and raises a RuntimeError of its own (duckdb-python, `PyErr_CheckSignals` in
`CompletePendingQuery`): code that catches errors would take that for one and go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_DUCKDB_SAYS = "Query interrupted"


def raise_if_interrupted(problem: BaseException) -> None:
    """For whoever catches everything: raise KeyboardInterrupt where `problem` stands for one.

    A query that was stopped by the audit's own time limit is `duckdb.InterruptException`, and is
    none.
    """
    if type(problem) is RuntimeError and str(problem) == _DUCKDB_SAYS:
        raise KeyboardInterrupt from problem


@contextmanager
def interruptible() -> Iterator[None]:
    """Around work with DuckDB: an interrupt is raised as KeyboardInterrupt, as anywhere else."""
    try:
        yield
    except RuntimeError as problem:
        raise_if_interrupted(problem)
        raise
