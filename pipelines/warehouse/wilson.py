"""The Wilson 95 % interval of a rate, as SQL: the only place the formula is written in Python.

What belongs here: the interval. What does not: which rate it is put on.

Wilson rather than the textbook interval, because many cells have few attempts or no failure at
all: it never leaves 0-1 and does not collapse to nothing when the count is 0.
"""

from __future__ import annotations

# 97.5th percentile of the normal distribution.
_Z = "1.959963984540054e0"


def wilson_sql(successes: str, trials: str) -> tuple[str, str]:
    """SQL expressions of the lower and upper bound of `successes / trials`.

    Args:
        successes: SQL expression of a count.
        trials: SQL expression of a count that is not below it.

    Returns:
        (lower, upper), DOUBLE between 0 and 1; NULL where trials is 0 or NULL.
    """
    n = f"nullif({trials}, 0)::double"
    p = f"({successes})::double / {n}"
    centre = f"({p} + {_Z} * {_Z} / (2 * {n}))"
    half = f"({_Z} * sqrt({p} * (1 - {p}) / {n} + {_Z} * {_Z} / (4 * {n} * {n})))"
    scale = f"(1 + {_Z} * {_Z} / {n})"
    # The bounds of no success and of nothing but successes are 0 and 1 exactly; the formula would
    # miss them by a rounding error, on either side.
    lower = f"case when {p} > 0 then ({centre} - {half}) / {scale} else 0 * {n} end"
    upper = f"case when {p} < 1 then ({centre} + {half}) / {scale} else 1 + 0 * {n} end"
    return lower, upper
