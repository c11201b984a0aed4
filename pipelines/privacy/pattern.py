"""One kind of personal data: how it is found and tested, and which check it belongs to.

What belongs here: the shape of an entry. What does not: the entries (`patterns`, `papers`), running
them (`detectors`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One kind of personal data.

    Attributes:
        kind: machine name; label: what a person reads.
        check: number of the audit check it belongs to.
        expressions: RE2, group 1 is the candidate.
        on_words: match where `_` counts as a blank (numbers), not in the text as it is (addresses).
        clean: characters removed from the candidate before the test, as an RE2 class, or empty.
        sql_test: DuckDB condition on the cleaned candidate `c`, or empty.
        python_test: test on the cleaned candidate, for kinds with few candidates.
        digits_only: the only kinds that a numeric column can hold.
        chance: share of random numbers of this length that pass the test, None if next to none.
        shape: full text of a value that could pass by chance, to count against.
    """

    kind: str
    label: str
    check: str
    expressions: tuple[str, ...]
    on_words: bool = True
    clean: str = ""
    sql_test: str = ""
    python_test: Callable[[str], bool] | None = None
    digits_only: bool = False
    chance: float | None = None
    shape: str = ""
