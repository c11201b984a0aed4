"""Numerical libraries on one thread: the order in which floats are added must not matter.

What belongs here: the one context that every fit of the analysis rooms runs in. What does not:
DuckDB, whose sums there are of integers and decimals, or in a fixed order.

A dot product shared out among threads ends in other last digits than on one, and a user on a border
between two clusters would change sides with the machine. On small problems one thread is also the
faster way, on a busy machine many times: waiting for others costs more than the sum.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread inside the block."""
    # Imported before the limit is set: it only reaches libraries that are already loaded.
    import sklearn.cluster
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
