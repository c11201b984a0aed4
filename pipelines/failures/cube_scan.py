"""Where did failures rise? A scan of all slices of a cube, up to three dimensions deep.

What belongs here: one GROUPING SETS query over leaves, the likelihood ratio of each slice, greedy
removal, folding of related slices, and the p-value that knows how many slices were looked at. What
does not: which windows are compared (`drops.py`) and what is expected (`expectation.py`).

The score is the expectation-based Poisson scan statistic (Neill 2009, "Expectation-based scan
statistics for monitoring spatial time series data", International Journal of Forecasting 25):
LLR = f ln(f/e) + e - f where more failed (f) than expected (e), else 0. Since expectations are made
leaf by leaf, a mere shift of volume between leaves raises no slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pipelines.failures.expectation import Prior, expected_failures
from pipelines.warehouse.wilson import wilson_sql

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    from scipy.sparse import csr_array

_LLR = (
    "case when failed > expected and expected > 0"
    " then failed * ln(failed / expected) + expected - failed else 0 end"
)
# Sums in another order differ in the last digits; scores that agree to this many are equal.
_DIGITS = 9
_BATCH = 100
_ENOUGH_EXCEEDANCES = 10


@dataclass(frozen=True)
class ScanRules:
    """How deep is looked, when it ends and what is believed.

    Attributes:
        depth: most dimensions of a slice.
        strength: attempts at the prior rate that are added to each leaf's earlier ones.
        prior: what thin leaves are drawn to, see `expectation.py`.
        most_slices: most slices found.
        stop: a further slice is only taken with this share of the first one's LLR.
        significance: slices with a larger p-value are not reported.
        replicates: simulated cubes behind a p-value; 0 leaves p-values out.
        ranked: slices kept of the first round's ranking.
        seed: of the simulation.
    """

    depth: int = 3
    strength: float = 20.0
    prior: Prior = "main_effects"
    most_slices: int = 5
    stop: float = 0.25
    significance: float = 0.01
    replicates: int = 199
    ranked: int = 10
    seed: int = 20260101


@dataclass(frozen=True)
class Slice:
    """Attempts with certain values of some dimensions, against what was expected of them.

    `failed`, `expected` and `excess` leave out what slices found before explain. `rate_low` and
    `rate_high` are the Wilson 95 % bounds of `failed / attempts`. `folded` are slices above or
    below this one that rank high for the same failures.
    """

    where: dict[str, str]
    attempts: float
    failed: float
    expected: float
    llr: float
    rate_low: float
    rate_high: float
    p_value: float | None = None
    folded: tuple[dict[str, str], ...] = ()

    @property
    def excess(self) -> float:
        """Failures beyond the expected ones."""
        return self.failed - self.expected


@dataclass(frozen=True)
class Scan:
    """What a scan found.

    `slices` are the findings, the strongest first; `ranking` is the first round as it was, related
    slices included. `attempts`, `failed` and `expected` are those of the whole cube, `llr` the
    score of the cube taken as one slice and `p_value` that of the best slice.
    """

    attempts: float = 0.0
    failed: float = 0.0
    expected: float = 0.0
    llr: float = 0.0
    p_value: float | None = None
    slices: tuple[Slice, ...] = ()
    ranking: tuple[Slice, ...] = ()


def scan_cube(
    con: duckdb.DuckDBPyConnection,
    leaves: pl.DataFrame,
    dimensions: list[str],
    rules: ScanRules,
) -> Scan:
    """Find the slices whose failures rose most.

    Args:
        con: any DuckDB connection; a temporary table `scan_leaves` is made and dropped.
        leaves: one row per combination of values: text columns named `dimensions` without NULLs,
            attempts and failed now, base_attempts and base_failed earlier.
        dimensions: columns to look along.
        rules: depth, limits and seed.

    Returns:
        The findings; none when nothing failed more than expected, or no slice is significant.
    """
    import polars as pl

    if leaves.is_empty() or not dimensions:
        return Scan()
    expected = expected_failures(leaves, dimensions, rules.strength, rules.prior)
    # Leaves without attempts now only serve the expectation.
    scored = leaves.with_columns(expected=expected)
    con.register("given_leaves", scored.filter(pl.col("attempts") > 0).to_arrow())
    con.execute(
        "create or replace temporary table scan_leaves as"
        " select *, failed::double as remaining from given_leaves"
    )
    con.unregister("given_leaves")
    try:
        ranking = _ranked_slices(con, dimensions, rules)
        if not ranking:
            return Scan(**_whole(con))
        maxima = null_maxima(scored, dimensions, rules, ranking[0].llr)
        return Scan(
            **_whole(con),
            p_value=_p_value(ranking[0].llr, maxima),
            slices=tuple(_take_in_turn(con, dimensions, rules, ranking, maxima)),
            ranking=tuple(ranking),
        )
    finally:
        con.execute("drop table scan_leaves")


def slices_sql(dimensions: list[str], depth: int) -> str:
    """The one query: all slices of up to `depth` dimensions that failed more, best first.

    Columns: the dimensions (NULL in a slice that does not name one), attempts, failed, expected,
    llr, rate_low, rate_high. Equal scores are the same attempts seen through different dimensions;
    the fewest come first.
    """
    names = ", ".join(dimensions)
    sets = ", ".join(f"({', '.join(group)})" for group in dimension_sets(dimensions, depth))
    named = " + ".join(f"({name} is not null)::integer" for name in dimensions)
    low, high = wilson_sql("least(failed, attempts)", "attempts")
    return f"""
    with slices as (
        select
            {names}, sum(attempts)::double as attempts, sum(remaining) as failed,
            sum(expected) as expected
        from scan_leaves
        group by grouping sets ({sets})
    )
    select
        {names}, attempts, failed, expected, {_LLR} as llr, {low} as rate_low, {high} as rate_high
    from slices
    where failed > expected and expected > 0
    order by round(llr, {_DIGITS}) desc, {named}, {names}
    """


def dimension_sets(dimensions: list[str], depth: int) -> list[tuple[str, ...]]:
    """All choices of one to `depth` dimensions."""
    depths = range(1, min(depth, len(dimensions)) + 1)
    return [group for size in depths for group in combinations(dimensions, size)]


def is_related(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether one slice contains the other."""
    return one.items() <= other.items() or other.items() <= one.items()


def null_maxima(leaves: pl.DataFrame, dimensions: list[str], rules: ScanRules, best: float) -> Any:
    """Best LLR of each simulated cube in which nothing changed, as a float array.

    Failures are drawn from Poisson distributions with the leaves' expectations, and the same slices
    are searched, so a p-value from it allows for the search. A slice's expectation is an estimate
    from `base_failed` failures and is drawn anew too, or a short history would find rises
    everywhere. Simulation ends early once ten cubes beat `best`: whether p is 0.1 or 0.4 matters to
    nobody (Besag and Clifford 1991, Biometrika 78).
    """
    import numpy as np

    maxima = np.empty(0)
    if not rules.replicates:
        return maxima
    member = _membership(leaves, dimensions, rules.depth)
    had = (member @ leaves["base_failed"].to_numpy().astype(float) + 1)[:, None]
    now = leaves["attempts"].to_numpy() > 0
    member, expected = member[:, now], leaves["expected"].to_numpy()[now]
    total = (member @ expected)[:, None]
    some = total[:, 0] > 0
    member, had, total = member[some], had[some], total[some]
    generator = np.random.default_rng(rules.seed)
    while len(maxima) < rules.replicates and (maxima >= best).sum() < _ENOUGH_EXCEEDANCES:
        batch = min(_BATCH, rules.replicates - len(maxima))
        drawn = member @ generator.poisson(expected[:, None], (len(expected), batch)).astype(float)
        due = total * (generator.poisson(had, (len(had), batch)) + 1) / (had + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            llr = drawn * np.log(drawn / due) + due - drawn
        maxima = np.append(maxima, np.where(drawn > due, llr, 0.0).max(axis=0))
    return maxima


def _membership(leaves: pl.DataFrame, dimensions: list[str], depth: int) -> csr_array:
    """Sparse matrix (slices x leaves), 1 where the leaf belongs to the slice."""
    import numpy as np
    from scipy.sparse import csr_array

    codes = {name: leaves[name].rank("dense").to_numpy().astype(np.int64) for name in dimensions}
    rows, size = [], 0
    for group in dimension_sets(dimensions, depth):
        key = np.zeros(leaves.height, dtype=np.int64)
        for name in group:
            key = key * (int(codes[name].max()) + 1) + codes[name]
        numbers, position = np.unique(key, return_inverse=True)
        rows.append(position + size)
        size += len(numbers)
    columns = np.tile(np.arange(leaves.height), len(rows))
    ones = np.ones(len(columns))
    return csr_array((ones, (np.concatenate(rows), columns)), shape=(size, leaves.height))


def _p_value(llr: float, maxima: Any) -> float | None:
    if not len(maxima):
        return None
    return float((1 + (maxima >= llr).sum()) / (1 + len(maxima)))


def _take_in_turn(
    con: duckdb.DuckDBPyConnection,
    dimensions: list[str],
    rules: ScanRules,
    ranking: list[Slice],
    maxima: Any,
) -> Iterator[Slice]:
    """Greedy removal: take the best slice, let its leaves fail as expected, look again."""
    first = ranking[0].llr
    for number in range(1, rules.most_slices + 1):
        if not ranking or ranking[0].llr < rules.stop * first:
            return
        best = ranking[0]
        p_value = _p_value(best.llr, maxima)
        if p_value is not None and p_value > rules.significance:
            return
        folded = tuple(item.where for item in ranking[1:] if is_related(item.where, best.where))
        yield replace(best, p_value=p_value, folded=folded)
        if number == rules.most_slices:
            return
        conditions = " and ".join(f"{name} = ?" for name in best.where)
        con.execute(
            f"update scan_leaves set remaining = expected where {conditions}",
            list(best.where.values()),
        )
        ranking = _ranked_slices(con, dimensions, rules)


def _ranked_slices(
    con: duckdb.DuckDBPyConnection, dimensions: list[str], rules: ScanRules
) -> list[Slice]:
    rows = con.execute(
        f"{slices_sql(dimensions, rules.depth)} limit {int(rules.ranked)}"
    ).fetchall()
    found = []
    for row in rows:
        values, numbers = row[: len(dimensions)], row[len(dimensions) :]
        where = {
            name: value for name, value in zip(dimensions, values, strict=True) if value is not None
        }
        found.append(Slice(where, *numbers))
    return found


def _whole(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    row = con.execute(
        f"""
        select attempts, failed, expected, {_LLR}
        from (
            select
                sum(attempts)::double as attempts, sum(failed)::double as failed,
                sum(expected) as expected
            from scan_leaves
        )
        """
    ).fetchall()[0]
    return dict(zip(("attempts", "failed", "expected", "llr"), row, strict=True))
