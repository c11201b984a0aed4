"""Did the rate change, or the mix? The exact split of a change along one dimension.

What belongs here: the two-fold decomposition in SQL. What does not: which windows are compared
(`drops.py`) and which slice is behind a rise (`cube_scan.py`).

Kitagawa (1955, "Components of a difference between two rates", Journal of the American Statistical
Association 50): with shares w and failure rates r of the values of a dimension, earlier (0) and now
(1), the change of the overall rate is

    sum (w0 + w1) / 2 (r1 - r0)  +  sum (r0 + r1) / 2 (w1 - w0)

The first sum is what changed within the values, the second what more or fewer attempts of good and
bad values changed. There is no remainder. A value without attempts in one window takes its rate of
the other: it cannot have changed its rate, only its share.
"""

from __future__ import annotations


def mix_rate_sql(leaves: str, dimensions: list[str]) -> str:
    """SQL of the split along each of `dimensions`.

    Args:
        leaves: relation with the columns of `dimensions` (text, no NULLs), attempts and failed now,
            base_attempts and base_failed earlier; one row per leaf, both windows not empty.
        dimensions: columns to split along, each on its own.

    Returns:
        A SELECT with one row per dimension and value: dimension, dimension_value, attempts, failed,
        base_attempts, base_failed, rate_effect, mix_effect (differences of failure rates; over the
        values of one dimension they add up to the change of the overall rate).
    """
    parts = "\n        union all\n        ".join(
        f"select '{name}' as dimension, {name} as dimension_value, sum(attempts)::double as n1,"
        f" sum(failed)::double as f1, sum(base_attempts)::double as n0,"
        f" sum(base_failed)::double as f0 from {leaves} group by {name}"
        for name in dimensions
    )
    return f"""
    with counted as (
        {parts}
    ),
    rated as (
        select
            *,
            n0 / sum(n0) over (partition by dimension) as w0,
            n1 / sum(n1) over (partition by dimension) as w1,
            coalesce(f0 / nullif(n0, 0), f1 / nullif(n1, 0)) as r0,
            coalesce(f1 / nullif(n1, 0), f0 / nullif(n0, 0)) as r1
        from counted
        where n0 > 0 or n1 > 0
    )
    select
        dimension,
        dimension_value,
        n1 as attempts,
        f1 as failed,
        n0 as base_attempts,
        f0 as base_failed,
        (w0 + w1) / 2 * (r1 - r0) as rate_effect,
        (r0 + r1) / 2 * (w1 - w0) as mix_effect
    from rated
    order by dimension, dimension_value
    """
